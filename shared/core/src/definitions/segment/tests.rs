use super::*;
use crate::definitions::tests::shown;

#[test]
fn a_segment_has_a_rule_and_a_list_has_none() {
    let text = include_str!("../tests/shop/segments/silent-60.yaml");
    let read = read("segments/silent-60.yaml", text);
    assert_eq!(read.faults, []);
    let segment = read.value.unwrap();
    assert_eq!(
        (segment.id.as_str(), segment.title.as_str()),
        ("silent-60", "Silent for 60 days")
    );
    assert!(segment.rule.is_some());
    let list = super::read("segments/vips.yaml", "list: vips\n")
        .value
        .unwrap();
    assert_eq!(
        (list.id.as_str(), list.title.as_str(), list.rule),
        ("vips", "vips", None)
    );
}

#[test]
fn every_fault_says_where_and_what_to_do() {
    let mut all = String::new();
    for text in [
        "title: A\nif: { contact.a: 1 }\n",
        "segment: a\n",
        "segment: a\nlist: a\nif: { contact.a: 1 }\n",
        "list: a\nif: { contact.a: 1 }\n",
        "segment: b\nif: { contact.a: 1 }\n",
        "segment: a\nif: { trigger.value: 1 }\n",
        "segment: a\nif: { clicked: hello }\n",
        "segment: a\nif: {}\n",
        "segment: a\nwhen: { contact.a: 1 }\n",
        "- segment\n",
    ] {
        all.push_str(&shown(text, &read("segments/a.yaml", text).faults, ""));
    }
    insta::assert_snapshot!(all);
}
