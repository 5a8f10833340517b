//! The abandoned cart, whole: every line of its five cases.

use wend_core::definitions::{read_journey, read_project, read_template};
use wend_core::identity::Channel;
use wend_core::phrase::{QuietHours, Span};
use wend_core::release::{Score, Template};

use super::*;

const JOURNEY: &str = include_str!("abandoned-cart.journey.yaml");
const SCENARIOS: &str = include_str!("abandoned-cart.yaml");

fn template(id: &str, channel: Channel) -> Template {
    let body = if id == "cart-reminder" {
        "Your cart is worth {{ trigger.value }}."
    } else {
        "Hello"
    };
    let text = format!(
        "---\ntemplate: {id}\nchannel: email\nclass: marketing\ntopic: offers\nfrom: shop\nsubject: Your cart\n---\n{body}\n"
    );
    let path = format!("templates/{id}.md");
    Template {
        channel,
        ..read_template(&path, &text).unwrap()
    }
}

fn definitions() -> Vec<(SourceFile, Definition)> {
    let mut project = read_project("wend.yaml", PROJECT).unwrap();
    if let Some(shop) = project.senders.get_mut("shop") {
        shop.sms = Some("ACME".to_owned());
    }
    for (channel, hours) in [
        (Channel::Email, "21:00-08:00"),
        (Channel::Sms, "20:00-09:00"),
    ] {
        let hours = QuietHours::parse(hours).unwrap();
        project.sending.quiet_hours.insert(channel, hours);
    }
    let journey = read_journey("journeys/abandoned-cart.yaml", JOURNEY).unwrap();
    let mails = [
        "cart-reminder",
        "cart-offer-10",
        "cart-offer-shipping",
        "hot-cart",
    ];
    let templates = mails.map(|id| template(id, Channel::Email));
    let templates = templates
        .into_iter()
        .chain([template("cart-last-call", Channel::Sms)]);
    let engagement = Definition::Score(Score {
        id: "engagement".to_owned(),
        title: "Engagement".to_owned(),
        min: 0,
        max: 100,
        half_life: Some(Span::parse("30 days").unwrap()),
        rules: Vec::new(),
        thresholds: Vec::new(),
    });
    let all = [
        Definition::Project(project),
        Definition::Journey(journey),
        engagement,
    ];
    let all = all.into_iter().chain(templates.map(Definition::Template));
    // The text names the part: it must differ.
    all.map(|definition| (file(definition.id(), definition.id()), definition))
        .collect()
}

#[test]
fn the_abandoned_cart_goes_as_its_scenarios_say() {
    let definitions = definitions();
    let project = Project {
        files: &[],
        definitions: &definitions,
    };
    let scenarios = read_scenarios("scenarios/abandoned-cart.yaml", SCENARIOS).unwrap();
    assert_eq!(scenarios.cases.len(), 5);
    for case in &scenarios.cases {
        let report = run(project, &scenarios, case);
        let differences: Vec<String> = report.differences.iter().map(ToString::to_string).collect();
        assert_eq!(differences, [""; 0], "{}", case.name);
    }
}
