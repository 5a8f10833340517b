//! A template's texts, parsed once and rendered often.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::{Environment, Value};

use wend_core::id::PartHash;
use wend_core::path::Path;
use wend_core::release::{Body, Form, Made, MessageClass, Project, Template, nearest_locale};

use crate::engine::{engine, show_dates_in};
use crate::values::{Context, Facts};
use crate::{Ask, Message, RenderError, SMS_BYTES_MAX, Sms, headers, layout};

/// A template ready to render: every text of it parsed, in every language and variant.
#[derive(Debug)]
pub struct Prepared {
    engine: Environment<'static>,
}

/// Templates that were parsed already, by the part of the release that they are.
#[derive(Debug, Default)]
pub struct Templates(Mutex<BTreeMap<PartHash, Arc<Prepared>>>);

/// Most templates that are kept parsed; beyond, all are forgotten. A project has some hundred.
const KEPT_MAX: usize = 1000;

impl Templates {
    /// The template of the part `hash`, parsed now unless it was before.
    pub fn get(&self, hash: PartHash, template: &Template) -> Result<Arc<Prepared>, RenderError> {
        let known = self.kept().get(&hash).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let prepared = Arc::new(Prepared::new(template)?);
        let mut kept = self.kept();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(hash, prepared.clone());
        Ok(prepared)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, BTreeMap<PartHash, Arc<Prepared>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The texts of a template by the names under which the engine knows them: the language, then which text.
pub(crate) fn texts(template: &Template) -> Result<BTreeMap<String, String>, RenderError> {
    let mut texts = BTreeMap::new();
    let mut lines =
        |name: &str, locale: &str, subject: &Option<String>, preheader: &Option<String>| {
            for (what, text) in [("subject", subject), ("preheader", preheader)] {
                if let Some(text) = text {
                    texts.insert(line_name(locale, name, what), text.clone());
                }
            }
        };
    lines("", "", &template.subject, &template.preheader);
    for (locale, own) in &template.locales {
        lines("", locale, &own.subject, &own.preheader);
    }
    for (name, variant) in &template.variants {
        lines(name, "", &variant.subject, &variant.preheader);
        for (locale, own) in &variant.locales {
            lines(name, locale, &own.subject, &own.preheader);
        }
    }
    add_body(template, "", &template.body, &mut texts)?;
    for (locale, own) in &template.locales {
        if let Some(body) = &own.body {
            add_body(template, locale, body, &mut texts)?;
        }
    }
    Ok(texts)
}

fn line_name(locale: &str, variant: &str, what: &str) -> String {
    format!("{locale}/{variant}/{what}.txt")
}

fn body_name(locale: &str, what: &str) -> String {
    format!("{locale}/{what}")
}

const MARKDOWN: &str = "body.md";
const TEXT: &str = "text.txt";
const PAGE: &str = "page.html";
const FRAME: &str = "frame.html";

fn add_body(
    template: &Template,
    locale: &str,
    body: &Body,
    texts: &mut BTreeMap<String, String>,
) -> Result<(), RenderError> {
    let mut add = |what: &str, text: &String| texts.insert(body_name(locale, what), text.clone());
    let source = &body.source.text;
    match (template.made.get(locale), body.form) {
        (Some(Made::Markdown { body, frame, text }), _) => {
            add(MARKDOWN, body);
            add(TEXT, text.as_ref().unwrap_or(body));
            if let Some(frame) = frame {
                add(FRAME, frame);
            }
        }
        (Some(Made::Html { html, text }), _) => {
            add(PAGE, html);
            add(TEXT, text);
        }
        (Some(Made::Text(text)), _) => {
            add(TEXT, text);
        }
        (None, Form::Markdown) => {
            add(MARKDOWN, source);
            add(TEXT, source);
        }
        (None, Form::Text) => {
            add(TEXT, source);
        }
        (None, Form::Html | Form::Mjml) => {
            let template = template.id.clone();
            return Err(RenderError::NotPutTogether { template });
        }
    }
    Ok(())
}

impl Prepared {
    /// Parses every text of `template`.
    pub fn new(template: &Template) -> Result<Self, RenderError> {
        let mut engine = engine(false);
        for (name, text) in texts(template)? {
            let added = engine.add_template_owned(name, text);
            added.map_err(|source| jinja(template, source))?;
        }
        Ok(Self { engine })
    }

    /// Renders the mail. `template` is the one that this was made of.
    pub(crate) fn mail(
        &self,
        template: &Template,
        project: &Project,
        facts: Facts,
        ask: Ask<'_>,
    ) -> Result<Message, RenderError> {
        let name = ask.from.unwrap_or(&template.from);
        let sender = project.senders.get(name);
        let address = sender.and_then(|sender| sender.address.as_deref());
        let (Some(sender), Some(address)) = (sender, address) else {
            return Err(no_sender(template, name));
        };
        let mut rendering = Rendering::new(self, template, project, facts, ask)?;
        let subject = rendering.line("subject")?.unwrap_or_default();
        let subject = headers::one_line(&subject);
        rendering.say("subject", &subject);
        let preheader = rendering.line("preheader")?;
        if let Some(preheader) = &preheader {
            rendering.say("preheader", preheader);
        }
        let (html, text) = rendering.bodies(preheader.as_deref())?;
        let footer = layout::Footer::of(template, project, ask.unsubscribe_url);
        let html = match &footer {
            Some(footer) => layout::with_footer(html, footer),
            None => html,
        };
        let reply_to = template.reply_to.as_ref().or(sender.reply_to.as_ref());
        Ok(Message {
            from: headers::mailbox(&sender.name, address),
            reply_to: reply_to.cloned(),
            subject,
            html,
            text: layout::text(&text, footer.as_ref()),
            headers: footer
                .as_ref()
                .map(headers::list_unsubscribe)
                .unwrap_or_default(),
        })
    }

    /// Renders the SMS.
    pub(crate) fn sms(
        &self,
        template: &Template,
        project: &Project,
        facts: Facts,
        ask: Ask<'_>,
    ) -> Result<Sms, RenderError> {
        let name = ask.from.unwrap_or(&template.from);
        let sender = project.senders.get(name);
        let Some(from) = sender.and_then(|sender| sender.sms.clone()) else {
            return Err(no_sender(template, name));
        };
        let rendering = Rendering::new(self, template, project, facts, ask)?;
        let text = rendering.body(TEXT)?.trim().to_owned();
        if text.len() > SMS_BYTES_MAX {
            let (template, bytes) = (template.id.clone(), text.len());
            return Err(RenderError::TooLong { template, bytes });
        }
        Ok(Sms { from, text })
    }
}

/// One message in the making.
struct Rendering<'a> {
    template: &'a Template,
    ask: Ask<'a>,
    engine: Environment<'static>,
    context: Context,
    /// The language of the head, then that of the text; empty for the template's own.
    locale: &'a str,
    /// What the texts can say of the message itself.
    message: BTreeMap<&'static str, Value>,
}

impl<'a> Rendering<'a> {
    fn new(
        prepared: &Prepared,
        template: &'a Template,
        project: &Project,
        facts: Facts,
        ask: Ask<'a>,
    ) -> Result<Self, RenderError> {
        if let Some(path) = template.needs.iter().find(|path| !facts.has(path)) {
            return Err(missing(template, path));
        }
        let mut engine = prepared.engine.clone();
        show_dates_in(&mut engine, &facts.zone);
        let wanted = ask.locale.unwrap_or(&facts.locale);
        let locale = nearest_locale(&template.locales, wanted).map_or("", |(name, _)| name);
        let mut context = facts.context;
        context.insert("links", links(template, &ask).into());
        let address = project.postal_address.as_deref().unwrap_or_default();
        let project = BTreeMap::from([
            ("id", Value::from(project.id.as_str())),
            ("postal_address", Value::from(address)),
        ]);
        context.insert("project", project.into());
        let message = BTreeMap::from([
            ("template", Value::from(template.id.as_str())),
            ("variant", Value::from(ask.variant.unwrap_or_default())),
            ("locale", Value::from(locale)),
            ("subject", Value::from("")),
            ("preheader", Value::from("")),
        ]);
        context.insert("message", message.clone().into());
        Ok(Self {
            template,
            ask,
            engine,
            context,
            locale,
            message,
        })
    }

    /// From here on the texts know this of the message.
    fn say(&mut self, name: &'static str, text: &str) {
        self.message.insert(name, Value::from(text));
        self.context.insert("message", self.message.clone().into());
    }

    /// The subject or the preheader: the variant's in the language, the language's, the variant's, the template's.
    fn line(&self, what: &str) -> Result<Option<String>, RenderError> {
        let variant = self.ask.variant.unwrap_or_default();
        for (locale, variant) in [
            (self.locale, variant),
            (self.locale, ""),
            ("", variant),
            ("", ""),
        ] {
            let name = line_name(locale, variant, what);
            if self.engine.get_template(&name).is_ok() {
                return self.render(&name, None).map(Some);
            }
        }
        Ok(None)
    }

    /// The language of the body: one that has subjects alone has none.
    fn body_locale(&self) -> &str {
        let own = self.template.locales.get(self.locale);
        let has_body = own.is_some_and(|own| own.body.is_some());
        if has_body { self.locale } else { "" }
    }

    fn body(&self, what: &str) -> Result<String, RenderError> {
        self.render(&body_name(self.body_locale(), what), None)
    }

    /// The HTML part and the text part.
    fn bodies(&self, preheader: Option<&str>) -> Result<(String, String), RenderError> {
        let locale = self.body_locale();
        let has = |what: &str| self.engine.get_template(&body_name(locale, what)).is_ok();
        let text = self.body(TEXT)?;
        if has(PAGE) {
            return Ok((self.body(PAGE)?, crate::compile::text::tidy(&text)));
        }
        let content = layout::markdown(&self.body(MARKDOWN)?);
        let html = if has(FRAME) {
            let content = Value::from_safe_string(content);
            self.render(&body_name(locale, FRAME), Some(content))?
        } else {
            layout::page(&content, preheader, locale)
        };
        Ok((html, text))
    }

    fn render(&self, name: &str, content: Option<Value>) -> Result<String, RenderError> {
        let mut values = self.context.clone();
        if let Some(content) = content {
            values.insert("content", content);
        }
        let text = self.engine.get_template(name);
        let rendered = text.and_then(|text| text.render(Value::from(values)));
        rendered.map_err(|source| jinja(self.template, source))
    }
}

/// Where a reader can go. What the caller does not give is missing like any other value.
fn links(template: &Template, ask: &Ask<'_>) -> BTreeMap<&'static str, Value> {
    let is_system = template.class == MessageClass::System;
    let all = [
        (
            "unsubscribe",
            Some(ask.unsubscribe_url).filter(|url| !url.is_empty()),
        ),
        ("preferences", ask.preferences_url),
        ("confirm", ask.confirm_url.filter(|_| is_system)),
        ("web_view", ask.web_view_url),
    ];
    let given = all
        .into_iter()
        .filter_map(|(name, url)| Some((name, Value::from(url?))));
    given.collect()
}

fn missing(template: &Template, path: &Path) -> RenderError {
    RenderError::Missing {
        template: template.id.clone(),
        path: path.clone(),
    }
}

fn jinja(template: &Template, source: minijinja::Error) -> RenderError {
    RenderError::Jinja {
        template: template.id.clone(),
        source,
    }
}

fn no_sender(template: &Template, sender: &str) -> RenderError {
    RenderError::NoSender {
        template: template.id.clone(),
        sender: sender.to_owned(),
    }
}
