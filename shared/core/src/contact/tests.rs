//! Contacts as they are stored.

use super::*;

#[test]
fn a_contact_survives_packing_and_its_index_attributes_stand_beside() {
    let mut contact = Contact::new(ContactKey::from_bytes([1; 16]), Timestamp::from_millis(5));
    let value = Personal::new(serde_json::json!({"a": [1, 2.5, null, "x"]}));
    let attribute = Attribute {
        value,
        at: Timestamp::from_millis(4),
    };
    contact.attributes.insert("nested".into(), attribute);
    contact.rev = 3;
    let packed = contact.pack().unwrap();
    assert_eq!(contact.packed_bytes().unwrap(), packed.len());
    let read = Contact::unpack(&packed, 3, 0, None).unwrap();
    assert_eq!(read, contact);
}

#[test]
fn a_newer_format_is_not_guessed_at() {
    let read = |bytes: &[u8]| Contact::unpack(bytes, 1, 1, None);
    assert!(matches!(read(&[2, 0]), Err(UnpackError::Format(2))));
    assert!(matches!(read(&[]), Err(UnpackError::Empty)));
    assert!(matches!(read(&[1, 0xff]), Err(UnpackError::Damaged(_))));
}
