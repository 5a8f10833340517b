//! How long it takes to render a designed mail that is parsed already.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a bench whose scene is wrong must stop"
)]

#[path = "../tests/messages/support.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod support;

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use support::{FOOT, MJML, UNSUBSCRIBE, World, ana, contact, head, values};
use wend_content::{Ask, Prepared};
use wend_core::zone::Zone;

fn render(criterion: &mut Criterion) {
    let head = head("subject: \"{{ contact.first_name }}, your cart is waiting\"\npreheader: Soon");
    let world = World::new(&[
        ("templates/hi/message.yaml", &head),
        ("templates/hi/email.mjml", MJML),
        ("partials/foot.mjml", FOOT),
    ]);
    let template = &world.templates["hi"];
    let prepared = Prepared::new(template).unwrap();
    let (contact, given) = (contact(&ana()), BTreeMap::new());
    let zone = Zone::parse("Europe/Berlin").unwrap();
    let ask = Ask {
        unsubscribe_url: UNSUBSCRIBE,
        ..Ask::default()
    };
    criterion.bench_function("render a parsed MJML mail", |bencher| {
        bencher.iter(|| {
            let values = values(&contact, &given, &zone);
            black_box(
                prepared
                    .render(template, &world.project, values, ask)
                    .unwrap(),
            )
        });
    });
    criterion.bench_function("parse it", |bencher| {
        bencher.iter(|| black_box(Prepared::new(template).unwrap()));
    });
    let page = prepared.render(
        template,
        &world.project,
        values(&contact, &given, &zone),
        ask,
    );
    let page = page.unwrap().html;
    criterion.bench_function("rewrite its links", |bencher| {
        bencher.iter(|| {
            let to =
                |link: wend_content::Link<'_>| Some(format!("https://t.example/c/{}", link.index));
            black_box(wend_content::rewrite(&page, &[UNSUBSCRIBE], None, None, to))
        });
    });
}

criterion_group!(benches, render);
criterion_main!(benches);
