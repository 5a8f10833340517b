//! Who of a team is told of a contact.

use crate::contact::Contact;
use crate::id::derive;
use crate::path::Path;
use crate::release::Team;

/// Who of a team gets the mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned<'a> {
    /// Their name in wend.yaml; none: the mail is to the team.
    pub name: Option<&'a str>,
    /// The address.
    pub address: &'a str,
}

/// Whom a mail about `contact` goes to; none: the team gets none.
///
/// Whom the attribute of `assign` names, by name or address, in any case of letters. Else the team's own address, and without one
/// somebody of its people: as with `assign: evenly`, which asks no attribute. Only people of wend.yaml are told, whatever the
/// attribute says: a website can set it.
pub fn assigned<'a>(id: &str, team: &'a Team, contact: &Contact) -> Option<Assigned<'a>> {
    if team.deals {
        return dealt(id, team, contact);
    }
    let named = team
        .assign
        .as_ref()
        .and_then(|path| named(team, contact, path));
    let whole = team.email.as_deref().map(|address| Assigned {
        name: None,
        address,
    });
    named.or(whole).or_else(|| dealt(id, team, contact))
}

fn named<'a>(team: &'a Team, contact: &Contact, path: &Path) -> Option<Assigned<'a>> {
    let mut names = path.names().iter();
    let value = contact.attributes.get(names.next()?)?.value.expose();
    let value = names.try_fold(value, |value, name| value.get(name))?;
    let value = value.as_str()?.trim();
    let is_meant = |text: &str| text.eq_ignore_ascii_case(value);
    let mut people = people(team);
    people.find(|who| is_meant(who.address) || who.name.is_some_and(is_meant))
}

/// Deals contacts out: a contact always to the same person, contacts to all people in equal shares, and who comes or goes moves none of
/// the others' contacts (rendezvous hashing). No counter is kept, so nobody waits for another one's turn to be written down.
fn dealt<'a>(id: &str, team: &'a Team, contact: &Contact) -> Option<Assigned<'a>> {
    let lot = |who: &Assigned<'_>| {
        let name = who.name.unwrap_or_default();
        derive(
            "deal",
            &[id.as_bytes(), name.as_bytes(), contact.id.as_bytes()],
        )
    };
    people(team).max_by_key(lot)
}

fn people(team: &Team) -> impl Iterator<Item = Assigned<'_>> {
    team.people.iter().map(|(name, address)| Assigned {
        name: Some(name),
        address,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::contact::Attribute;
    use crate::id::ContactKey;
    use crate::personal::Personal;
    use crate::time::Timestamp;

    const AT: Timestamp = Timestamp::from_millis(0);

    fn team(names: &[&str]) -> Team {
        Team {
            email: Some("sales@example.com".to_owned()),
            assign: "contact.owner".parse().ok(),
            people: names
                .iter()
                .map(|name| ((*name).to_owned(), format!("{name}@example.com")))
                .collect(),
            ..Team::default()
        }
    }

    fn contact(number: u32, owner: Option<&str>) -> Contact {
        let key = derive("test", &[&number.to_be_bytes()]);
        let mut contact = Contact::new(ContactKey::from_bytes(key), AT);
        if let Some(owner) = owner {
            let value = Personal::new(json!(owner));
            let owner = Attribute { value, at: AT };
            contact.attributes.insert("owner".to_owned(), owner);
        }
        contact
    }

    fn address<'a>(team: &'a Team, contact: &Contact) -> &'a str {
        assigned("sales", team, contact).unwrap().address
    }

    #[test]
    fn the_owner_is_told_by_name_or_address_and_nobody_outside_the_team() {
        let team = team(&["anna", "ben"]);
        for (owner, told) in [
            (Some("anna"), "anna@example.com"),
            (Some(" Ben@Example.com "), "ben@example.com"),
            (Some("eve@evil.example"), "sales@example.com"),
            (Some(""), "sales@example.com"),
            (None, "sales@example.com"),
        ] {
            assert_eq!(address(&team, &contact(1, owner)), told, "{owner:?}");
        }
    }

    #[test]
    fn without_an_address_of_its_own_a_team_deals_out_whom_nobody_owns() {
        let mut team = team(&["anna", "ben"]);
        team.email = None;
        assert!(
            assigned("sales", &team, &contact(1, None))
                .unwrap()
                .name
                .is_some()
        );
        team.people = BTreeMap::new();
        assert_eq!(assigned("sales", &team, &contact(1, None)), None);
    }

    #[test]
    fn contacts_are_dealt_in_equal_shares_and_stay_with_their_person() {
        let dealing = |names: &[&str]| Team {
            deals: true,
            ..team(names)
        };
        let (three, four) = (
            dealing(&["anna", "ben", "cleo"]),
            dealing(&["anna", "ben", "cleo", "dan"]),
        );
        let mut shares: BTreeMap<&str, u32> = BTreeMap::new();
        for number in 0..3_000 {
            let contact = contact(number, Some("anna"));
            let (before, after) = (address(&three, &contact), address(&four, &contact));
            assert_eq!(before, address(&three, &contact));
            assert!(
                after == before || after == "dan@example.com",
                "{before} → {after}"
            );
            *shares.entry(before).or_default() += 1;
        }
        assert_eq!(shares.len(), 3);
        assert!(
            shares.values().all(|share| (900..=1_100).contains(share)),
            "{shares:?}"
        );
    }
}
