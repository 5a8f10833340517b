use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use super::server::{Asked, answer, asked, response};
use super::*;
use crate::folder::Folder;

const HEAD: &str = "template: parcel\nchannel: email\nclass: transactional\nfrom: shop\nsubject: \"Parcel for {{ contact.first_name }}\"\n\
    preheader: It comes today\nlocales: { de: { subject: Paket } }\nvariants: { short: { subject: Parcel } }\nsample: { contact: { first_name: Ana } }\n";
const MJML: &str = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ contact.first_name }}, it comes today.</mj-text>\
    </mj-column></mj-section></mj-body></mjml>\n";

fn parcel(name: &str) -> Folder {
    let folder = Folder::project(name);
    folder.write("templates/parcel/message.yaml", HEAD);
    folder.write("templates/parcel/email.mjml", MJML);
    folder.write(
        "templates/parcel/email.de.html",
        "<p>Hallo {{ contact.first_name }}, es kommt heute.</p>\n",
    );
    folder
}

fn args(folder: &Folder) -> Args {
    Args {
        template: "parcel".to_owned(),
        project: folder.path().to_owned(),
        contact: None,
        locale: None,
        variant: None,
        out: None,
        serve: false,
        port: 0,
    }
}

fn mail(args: &Args) -> wend_content::Message {
    let preview = Preview::new(args, args.locale.as_deref(), args.variant.as_deref()).unwrap();
    assert_eq!(preview.faults, []);
    match preview.looked {
        Some(Looked::Mail(mail)) => mail,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_is_made_of_its_sample_or_of_a_file() {
    let folder = parcel("preview-sample");
    let mut args = args(&folder);
    let english = mail(&args);
    assert_eq!(
        (english.subject.as_str(), english.text.as_str()),
        ("Parcel for Ana", "Hello Ana, it comes today.\n")
    );
    assert!(
        english.html.contains("Hello Ana, it comes today."),
        "{}",
        english.html
    );
    args.variant = Some("short".to_owned());
    assert_eq!(mail(&args).subject, "Parcel");
    args.locale = Some("de-AT".to_owned());
    assert_eq!(
        (mail(&args).subject.as_str(), mail(&args).text.as_str()),
        ("Paket", "Hallo Ana, es kommt heute.\n")
    );
    args.locale = None;
    for text in [
        "{\"first_name\": \"Ben\", \"locale\": \"de\"}",
        "contact:\n  first_name: Ben\n  locale: de\n",
    ] {
        folder.write("ben.yaml", text);
        args.contact = Some(folder.path().join("ben.yaml"));
        assert_eq!(mail(&args).text, "Hallo Ben, es kommt heute.\n");
    }
    folder.write("ben.yaml", "locale: de\n");
    let preview = Preview::new(&args, None, None).unwrap();
    assert!(preview.looked.is_none());
    assert_eq!(preview.faults[0].code, "E0147");
    args.variant = Some("long".to_owned());
    assert!(Preview::new(&args, None, Some("long")).is_err());
}

#[test]
fn a_message_is_written_where_it_is_wanted() {
    let folder = parcel("preview-out");
    let out = folder.path().join("out");
    let args = Args {
        out: Some(out.clone()),
        ..args(&folder)
    };
    assert_eq!(run(&args).unwrap(), ExitCode::SUCCESS);
    assert_eq!(
        fs::read_to_string(out.join("parcel.txt")).unwrap(),
        "Hello Ana, it comes today.\n"
    );
    assert!(
        fs::read_to_string(out.join("parcel.html"))
            .unwrap()
            .starts_with("<!doctype html>")
    );
    let unknown = Args {
        template: "parcels".to_owned(),
        ..args
    };
    assert_eq!(
        run(&unknown).unwrap_err().to_string(),
        "there is no template `parcels` in templates/"
    );
}

#[test]
fn the_page_follows_the_files() {
    let folder = parcel("preview-page");
    let args = args(&folder);
    let version = || response(&args, &asked("GET /version HTTP/1.1")).2;
    let before = version();
    assert_eq!(before, version());
    let page = response(&args, &asked("GET / HTTP/1.1")).2;
    for part in [
        "Parcel for Ana",
        "It comes today",
        "KB of 102",
        "Nothing to complain about",
        "?locale=de",
        "?variant=short",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    folder.write(
        "templates/parcel/email.mjml",
        &MJML.replace("</mj-text>", "</mj-txt>"),
    );
    assert_ne!(before, version());
    let broken = response(&args, &asked("GET / HTTP/1.1")).2;
    assert!(broken.contains("error[E0241]"), "{broken}");
    let german = response(&args, &asked("GET /?locale=de&variant= HTTP/1.1")).2;
    assert!(german.contains("error[E0241]"), "{german}");
    assert_eq!(
        response(&args, &asked("GET /x HTTP/1.1")).0,
        "404 Not Found"
    );
    assert_eq!(asked("POST / HTTP/1.1"), Asked::default());
}

#[test]
fn a_browser_gets_the_page() {
    let folder = parcel("preview-http");
    let args = args(&folder);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client
        .write_all(b"GET /?locale=de HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    answer(&args, listener.accept().unwrap().0).unwrap();
    let mut got = String::new();
    client.read_to_string(&mut got).unwrap();
    assert!(
        got.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html"),
        "{got}"
    );
    assert!(
        got.contains("Hallo Ana") && got.ends_with("</html>"),
        "{got}"
    );
}
