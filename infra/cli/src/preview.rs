//! `wend preview`: a message as its readers get it, made of its sample or of a contact in a file.

mod page;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};
use wend_content::Looked;
use wend_core::definitions::{Diagnostic, Severity, SourceFile, read_sample};
use wend_core::release::{Definition, Project, Template};

use crate::check::{drawn, source};
use crate::project;

/// What `preview` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The template.
    template: String,
    /// The project's folder.
    #[arg(long, default_value = ".")]
    project: PathBuf,
    /// YAML or JSON: attributes of a contact, or values in the form of a template's `sample`, which they replace.
    #[arg(long, value_name = "FILE")]
    contact: Option<PathBuf>,
    /// The language, as `de` or `pt-BR`; without it, the contact's.
    #[arg(long)]
    locale: Option<String>,
    /// The variant of the template.
    #[arg(long)]
    variant: Option<String>,
    /// Writes the message into this folder: the page as <template>.html, the text as <template>.txt.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Shows the message on a page of this machine that follows every change of a file. Ends with Ctrl-C.
    #[arg(long)]
    serve: bool,
    /// The page's port.
    #[arg(long, default_value_t = 7071)]
    port: u16,
}

impl Args {
    /// Whether a page is served.
    pub const fn serves(&self) -> bool {
        self.serve
    }
}

/// Prints, writes or shows the message.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.serve {
        return server::serve(args);
    }
    let (locale, variant) = (args.locale.as_deref(), args.variant.as_deref());
    let preview = Preview::new(args, locale, variant)?;
    for fault in &preview.faults {
        let source = source(&preview.files, fault);
        anstream::eprintln!("{}\n", drawn(fault, source));
    }
    let Some(looked) = &preview.looked else {
        return Ok(ExitCode::FAILURE);
    };
    print!("{}", told(looked));
    if let Some(folder) = &args.out {
        write(folder, &args.template, looked)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A message, and what is wrong with it.
struct Preview {
    files: Vec<SourceFile>,
    /// None where it cannot be made: the faults say why.
    looked: Option<Looked>,
    faults: Vec<Diagnostic>,
    locales: Vec<String>,
    variants: Vec<String>,
}

impl Preview {
    /// Reads the project anew.
    fn new(args: &Args, locale: Option<&str>, variant: Option<&str>) -> anyhow::Result<Self> {
        let files = project::load(&args.project)?;
        let checked = wend_content::check_all(&files);
        let own = format!("templates/{}", args.template);
        let is_own =
            |file: &str| file == format!("{own}.md") || file.starts_with(&format!("{own}/"));
        if !files.iter().any(|file| is_own(&file.path)) {
            bail!("there is no template `{}` in templates/", args.template);
        }
        let settings = checked
            .definitions
            .iter()
            .find_map(|(_, definition)| match definition {
                Definition::Project(project) => Some(project.clone()),
                _ => None,
            });
        let found = checked
            .definitions
            .iter()
            .find_map(|(file, definition)| match definition {
                Definition::Template(template) if template.id == args.template => {
                    Some((file, template))
                }
                _ => None,
            });
        let mut faults = checked.faults;
        let Some((file, template)) = found else {
            // It is a fault of its own, or of a layout or partial.
            let is_part =
                |file: &str| file.starts_with("layouts/") || file.starts_with("partials/");
            faults.retain(|fault| is_own(&fault.file) || is_part(&fault.file));
            return Ok(Self {
                files,
                looked: None,
                faults,
                locales: vec![],
                variants: vec![],
            });
        };
        let used: Vec<&str> = template
            .files
            .iter()
            .map(|file| file.path.as_str())
            .collect();
        faults.retain(|fault| is_own(&fault.file) || used.contains(&fault.file.as_str()));
        if let Some(name) = variant.filter(|name| !template.variants.contains_key(*name)) {
            bail!("template `{}` has no variant `{name}`", template.id);
        }
        let sample = sample(template, args.contact.as_deref())?;
        let looked = look(
            (file, template),
            settings.as_ref(),
            &sample,
            (locale, variant),
            &mut faults,
        );
        Ok(Self {
            looked,
            faults,
            locales: template.locales.keys().cloned().collect(),
            variants: template.variants.keys().cloned().collect(),
            files,
        })
    }
}

/// Makes the message; why it cannot be made is a fault.
fn look(
    (file, template): (&SourceFile, &Template),
    settings: Option<&Project>,
    sample: &Value,
    (locale, variant): (Option<&str>, Option<&str>),
    faults: &mut Vec<Diagnostic>,
) -> Option<Looked> {
    let settings = settings.cloned().unwrap_or_default();
    match wend_content::look((file, template), &settings, sample, locale, variant) {
        Ok((looked, findings)) => {
            faults.extend(findings);
            Some(looked)
        }
        Err(error) => {
            let is_told = faults.iter().any(|fault| fault.severity == Severity::Error);
            if !is_told {
                let place = wend_core::syntax::Position::START;
                let fault = Diagnostic::error("E0147", &file.path, place, &error.to_string());
                faults.push(fault.help("give the value in `sample` or with --contact"));
            }
            None
        }
    }
}

/// The template's sample, with what the file says instead.
pub fn sample(template: &Template, file: Option<&Path>) -> anyhow::Result<Value> {
    const ROOTS: [&str; 6] = [
        "contact",
        "trigger",
        "data",
        "vars",
        "journey",
        "enrollment",
    ];
    let mut sample = match &template.sample {
        Value::Object(sample) => sample.clone(),
        _ => Map::new(),
    };
    if let Some(path) = file {
        let shown = path.display().to_string();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
        let given = read_sample(&shown, &text).map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(|fault| drawn(fault, &text)).collect();
            anyhow::anyhow!("{}", anstream::adapter::strip_str(&faults.join("\n")))
        })?;
        match given {
            Value::Object(given) if given.keys().all(|key| ROOTS.contains(&key.as_str())) => {
                sample.extend(given);
            }
            attributes => {
                sample.insert("contact".to_owned(), attributes);
            }
        }
    }
    Ok(json!(sample))
}

/// The message in words.
fn told(looked: &Looked) -> String {
    match looked {
        Looked::Mail(mail) => {
            let reply_to = mail.reply_to.as_ref();
            let reply_to = reply_to.map_or_else(String::new, |to| format!("Reply:   {to}\n"));
            format!(
                "From:    {}\n{reply_to}Subject: {}\nSize:    {:.1} KB\n\n{}",
                mail.from,
                mail.subject,
                kilobytes(mail.html.len()),
                mail.text
            )
        }
        Looked::Sms(sms) => format!("From:    {}\n\n{}\n", sms.from, sms.text),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a page is no terabyte")]
fn kilobytes(bytes: usize) -> f64 {
    bytes as f64 / 1024.0
}

fn write(folder: &Path, template: &str, looked: &Looked) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let files = match looked {
        Looked::Mail(mail) => vec![("html", &mail.html), ("txt", &mail.text)],
        Looked::Sms(sms) => vec![("txt", &sms.text)],
    };
    for (ending, text) in files {
        let path = folder.join(format!("{template}.{ending}"));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
