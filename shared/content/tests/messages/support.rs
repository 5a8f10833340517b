//! A project in memory, and one contact of it.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use wend_content::{Ask, Message, RenderError, Values, read_all, render};
use wend_core::contact::{Attribute, Contact};
use wend_core::definitions::SourceFile;
use wend_core::id::ContactKey;
use wend_core::personal::Personal;
use wend_core::release::{Definition, Project, Template};
use wend_core::time::Timestamp;
use wend_core::zone::Zone;

pub const UNSUBSCRIBE: &str = "https://t.example/u/abc";

const PROJECT: &str = "wend: 1\nproject: p\npostal_address: Acme GmbH, Street 1\nlocales: [ en, de ]\n\
    senders: { shop: { email: Acme <hello@mail.example.com>, reply_to: care@example.com } }\ntopics: { news: {} }\n";

/// What a project's files say.
pub struct World {
    pub project: Project,
    pub templates: BTreeMap<String, Template>,
}

impl World {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let all = [("wend.yaml", PROJECT)].iter().chain(files);
        let files: Vec<SourceFile> = all
            .map(|(path, text)| SourceFile {
                path: (*path).to_owned(),
                text: (*text).to_owned(),
            })
            .collect();
        let mut world = Self {
            project: Project::default(),
            templates: BTreeMap::new(),
        };
        for (_, definition) in read_all(&files).unwrap_or_else(|faults| panic!("{faults:#?}")) {
            match definition {
                Definition::Project(project) => world.project = project,
                Definition::Template(template) => {
                    world.templates.insert(template.id.clone(), template);
                }
                _ => {}
            }
        }
        world
    }

    /// The mail to a contact with these attributes.
    pub fn mail(&self, template: &str, attributes: &Json) -> Message {
        self.try_mail(template, attributes, Ask::default()).unwrap()
    }

    pub fn try_mail(
        &self,
        template: &str,
        attributes: &Json,
        ask: Ask<'_>,
    ) -> Result<Message, RenderError> {
        let (contact, given) = (contact(attributes), BTreeMap::new());
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let ask = Ask {
            unsubscribe_url: UNSUBSCRIBE,
            ..ask
        };
        render(
            &self.templates[template],
            &self.project,
            values(&contact, &given, &zone),
            ask,
        )
    }
}

pub fn values<'a>(
    contact: &'a Contact,
    given: &'a BTreeMap<String, Personal<Json>>,
    zone: &'a Zone,
) -> Values<'a> {
    Values {
        contact,
        journey: None,
        run: None,
        trigger: None,
        given,
        zone,
    }
}

pub fn contact(attributes: &Json) -> Contact {
    let mut contact = Contact::new(ContactKey::from_bytes([0; 16]), Timestamp::default());
    for (name, value) in attributes.as_object().unwrap_or(&serde_json::Map::new()) {
        let attribute = Attribute {
            value: Personal::new(value.clone()),
            at: Timestamp::default(),
        };
        contact.attributes.insert(name.clone(), attribute);
    }
    contact
}

/// The marketing head of a template that is a folder.
pub fn head(more: &str) -> String {
    format!("template: hi\nchannel: email\nclass: marketing\ntopic: news\nfrom: shop\n{more}\n")
}

/// A designed mail with everything that designed mails have.
pub const MJML: &str = r##"<mjml>
<mj-head><mj-attributes><mj-all font-family="Helvetica, Arial, sans-serif" /><mj-text font-size="16px" color="#222222" /></mj-attributes></mj-head>
<mj-body background-color="#f4f4f4">
<mj-section background-color="#ffffff"><mj-column><mj-image src="https://cdn.example.com/logo.png" alt="Acme" width="120px" /></mj-column></mj-section>
<mj-section background-color="#ffffff"><mj-column>
<mj-text>Hello {{ contact.first_name | default("there") }},</mj-text>
{% if contact.points > 100 and contact.points < 5000 %}<mj-text>You have {{ contact.points }} points.</mj-text>{% endif %}
{% for item in contact.items %}
<mj-text><a href="{{ item.url }}">{{ item.title }}</a> for {{ item.price | money("EUR") }}</mj-text>
{% endfor %}
<mj-button href="https://shop.example.com/cart?id={{ contact.cart_id | urlencode }}&amp;from=mail">Back to my cart</mj-button>
</mj-column></mj-section>
{% include "foot" %}
</mj-body>
</mjml>
"##;

pub const FOOT: &str = r##"<mj-section><mj-column><mj-text font-size="12px" color="#595959">{{ project.postal_address }} <a href="{{ links.unsubscribe }}">Unsubscribe</a></mj-text></mj-column></mj-section>
"##;

pub fn ana() -> Json {
    let item = |title: &str| json!({ "title": title, "price": 95, "url": "https://shop.example.com/p?a=1&b=2" });
    json!({
        "first_name": "Ana", "points": 230, "cart_id": "c 1",
        "items": [item("Trail shoe"), item("Socks & more"), item("Bottle")],
    })
}
