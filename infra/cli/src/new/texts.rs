//! The texts of new files. They pass `wend check` and `wend test` as they are.

/// What the files are about.
pub(super) struct Subject {
    /// The id.
    pub(super) name: String,
    pub(super) is_sms: bool,
    pub(super) sender: String,
    /// The topic of its messages; without one they are transactional.
    pub(super) topic: Option<String>,
}

impl Subject {
    /// `trial-offer` → `Trial offer`.
    fn title(&self) -> String {
        let words = self.name.replace('-', " ");
        let mut chars = words.chars();
        let first = chars.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(chars).collect()
    }

    /// A line with the topic, if there is one.
    fn topic_line(&self) -> String {
        let topic = self.topic.as_ref();
        topic.map_or_else(String::new, |topic| format!("topic: {topic}\n"))
    }

    const fn channel(&self) -> &'static str {
        if self.is_sms { "sms" } else { "email" }
    }

    pub(super) fn journey(&self) -> String {
        let (name, title, topic) = (&self.name, self.title(), self.topic_line());
        let channel = self.channel();
        format!(
            "journey: {name}
title: {title}
about: What it is for, and who looks after it.
state: draft # live, when it is to start
{topic}
triggers:
  - manual: true # or an event of wend.yaml: `event: order_completed`

steps:
  - {{ id: hello, {channel}: {name}-hello }}
"
        )
    }

    pub(super) fn template(&self, id: &str) -> String {
        let (topic, sender, channel) = (self.topic_line(), &self.sender, self.channel());
        let class = if self.topic.is_some() {
            "marketing"
        } else {
            "transactional"
        };
        let subject = if self.is_sms {
            ""
        } else {
            "subject: \"Hello {{ contact.first_name | default('there') }}\"\n\
             preheader: What stands beside the subject in the inbox.\n"
        };
        let body = if self.is_sms {
            let stop = if self.topic.is_some() {
                " Reply STOP to end texts."
            } else {
                ""
            };
            format!(
                "Hello {{{{ contact.first_name | default('there') }}}}, write the message here.{stop}\n"
            )
        } else {
            "Hello {{ contact.first_name | default('there') }},\n\nwrite the message here, in Markdown.\n".to_owned()
        };
        format!(
            "---
template: {id}
channel: {channel}
class: {class}
{topic}from: {sender}
{subject}sample:
  contact: {{ first_name: Ana }}
---
{body}"
        )
    }

    pub(super) fn scenarios(&self) -> String {
        let name = &self.name;
        let (address, suffix) = if self.is_sms {
            ("phone: \"+4915550001111\"", "/sms")
        } else {
            ("email: ana@example.com", "")
        };
        let subscribed = self.topic.as_ref();
        let subscribed = subscribed.map(|topic| format!(", subscribed: [ {topic}{suffix} ]"));
        let subscribed = subscribed.unwrap_or_default();
        format!(
            "scenarios: {name}
about: Present tense is done, past tense is expected. A message that no line expects fails the case.
journeys: [ {name} ]
start: Mon 2027-03-01 10:00 Europe/Berlin
who: ana
contacts:
  ana: {{ {address}, first_name: Ana{subscribed} }}

cases:
  - case: whoever enters gets the first message
    timeline:
      - {{ at: Mon 10:00, enroll: {name} }}
      - {{ at: Mon 10:00, sent: hello, contains: Ana }}
      - {{ at: Mon 10:00, ended: completed }}
"
        )
    }

    pub(super) fn segment(&self) -> String {
        let (name, title) = (&self.name, self.title());
        let subscribed = self.topic.as_ref();
        let subscribed = subscribed.map(|topic| format!("  subscribed: {topic}\n"));
        let subscribed = subscribed.unwrap_or_default();
        format!(
            "segment: {name}
title: {title}
if:
{subscribed}  contact.created_at: {{ older_than: 30 days }}
  not: {{ did: {{ event: any_activity, within: 30 days }} }}
"
        )
    }

    pub(super) fn score(&self) -> String {
        let (name, title) = (&self.name, self.title());
        format!(
            "score: {name}
title: {title}
range: 0-100
decay: {{ half_life: 30 days }}
rules:
  - {{ id: clicked, event: message_clicked, points: 10, max: 30, within: 7 days }}
  - {{ id: visited, event: page_viewed, points: 2, max: 10, within: 7 days }}
"
        )
    }
}
