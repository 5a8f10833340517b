use proptest::prelude::*;

use super::*;

fn numbered(html: &str) -> String {
    let to = |link: Link<'_>| {
        Some(format!(
            "https://t.example/c/{}?u={}",
            link.index, link.target
        ))
    };
    rewrite(html, &["https://t.example/u/abc"], None, None, to)
}

#[test]
fn each_link_of_the_web_is_changed_and_nothing_else() {
    for (html, expected) in [
        (
            "<p>Go <a class=b href=\"https://a.example/?x=1&amp;y=2\">to https://a.example/</a></p>",
            "<p>Go <a class=b href=\"https://t.example/c/0?u=https://a.example/?x=1&amp;y=2\">to https://a.example/</a></p>",
        ),
        (
            "<A HREF='HTTP://a.example'>x</A><a href=http://a.example>y</a>",
            "<A HREF='https://t.example/c/0?u=HTTP://a.example'>x</A><a href=https://t.example/c/1?u=http://a.example>y</a>",
        ),
        (
            "<a href=\"#top\">a</a><a href=\"mailto:a@b.example\">b</a><a href=\"tel:+49\">c</a><a name=x>d</a><a href=\"\">e</a>",
            "<a href=\"#top\">a</a><a href=\"mailto:a@b.example\">b</a><a href=\"tel:+49\">c</a><a name=x>d</a><a href=\"\">e</a>",
        ),
        (
            "<a href=\"https://t.example/u/abc\">out</a><link href=\"https://f.example\"><img src=\"https://i.example\">",
            "<a href=\"https://t.example/u/abc\">out</a><link href=\"https://f.example\"><img src=\"https://i.example\">",
        ),
        (
            "<!--[if mso]><a href=\"https://a.example\">x</a><![endif]--><style>a[href=\"https://a.example\"]{}</style>",
            "<!--[if mso]><a href=\"https://a.example\">x</a><![endif]--><style>a[href=\"https://a.example\"]{}</style>",
        ),
        (
            "<map><area href=\" https://a.example/ü \"></map>",
            "<map><area href=\"https://t.example/c/0?u=https://a.example/ü\"></map>",
        ),
    ] {
        assert_eq!(numbered(html), expected);
    }
}

#[test]
fn a_new_target_cannot_leave_its_attribute() {
    let to = |_: Link<'_>| Some("https://t.example/\"'<x>&y z".to_owned());
    for html in [
        "<a href=\"https://a.example\">x</a>",
        "<a href='https://a.example'>x</a>",
        "<a href=https://a.example>x</a>",
    ] {
        let changed = rewrite(html, &[], None, None, to);
        let all = tokens(&changed);
        assert_eq!(all.len(), 3, "{changed}");
        let Token::Start { attributes, .. } = &all[0] else {
            panic!("{changed}")
        };
        assert_eq!(attributes.len(), 1);
        assert_eq!(attributes[0].value, "https://t.example/\"'<x>&y%20z");
    }
}

#[test]
fn utm_parameters_go_behind_those_that_are_there() {
    let utm = Utm {
        source: Some("wend"),
        medium: Some("email"),
        campaign: Some("cart & co"),
        content: None,
    };
    for (target, expected) in [
        (
            "https://a.example",
            "https://a.example?utm_source=wend&utm_medium=email&utm_campaign=cart%20%26%20co",
        ),
        (
            "https://a.example/p?x=1&y#part?",
            "https://a.example/p?x=1&y&utm_source=wend&utm_medium=email&utm_campaign=cart%20%26%20co#part?",
        ),
        (
            "https://a.example/?utm_source=shop&utm_medium",
            "https://a.example/?utm_source=shop&utm_medium&utm_campaign=cart%20%26%20co",
        ),
        (
            "https://a.example/?",
            "https://a.example/?utm_source=wend&utm_medium=email&utm_campaign=cart%20%26%20co",
        ),
    ] {
        assert_eq!(utm.added_to(target), expected);
        let html = format!("<a href=\"{}\">x</a>", escape::html(target));
        let changed = rewrite(&html, &[], Some(utm), None, |_| None);
        assert_eq!(
            changed,
            format!("<a href=\"{}\">x</a>", escape::html(expected))
        );
        assert_eq!(
            rewrite(&changed, &[], Some(utm), None, |_| None),
            changed,
            "twice is once"
        );
    }
}

#[test]
fn the_pixel_is_the_last_thing_in_the_body() {
    let pixel = "<img src=\"https://t.example/o/1?a&amp;b\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block\">";
    for (html, before, after) in [
        ("<body>x</body></html>", "<body>x", "</body></html>"),
        ("<p>x", "<p>x", ""),
    ] {
        let changed = rewrite(html, &[], None, Some("https://t.example/o/1?a&b"), |_| None);
        assert_eq!(changed, format!("{before}{pixel}{after}"));
    }
}

/// Pieces of pages, among them all kinds of links and much that only looks like one.
fn page() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ a-z<>&;=\"'\\n\u{e4}]{0,12}",
        Just("<a href=\"https://a.example/?x=1&amp;y=2#z\">".to_owned()),
        Just("<a title='q\"' href='http://b.example'>".to_owned()),
        Just("<a href=https://c.example/d>".to_owned()),
        Just("<a href=\"https://t.example/u/abc\">".to_owned()),
        Just("<a href=\"mailto:x@y.example\">".to_owned()),
        Just("<a href=\"#x\">".to_owned()),
        Just("<a href=\"javascript:alert(1)\" data-href=\"https://a.example\">".to_owned()),
        Just("<a href = 'https://e.example/ a' href=\"https://second.example\">".to_owned()),
        Just("</a>".to_owned()),
        Just("<!-- <a href=\"https://a.example\"> -->".to_owned()),
        Just("<style>".to_owned()),
        Just("</style>".to_owned()),
        Just("<img src=\"https://i.example/a.png\" alt=\"&lt;\">".to_owned()),
        Just("</body>".to_owned()),
        Just("\r\n".to_owned()),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// The page with the targets of links taken out, and those targets.
fn without_targets(html: &str) -> (String, Vec<String>) {
    let mut edits = Vec::new();
    let mut targets = Vec::new();
    for token in tokens(html) {
        if let Token::Start {
            name, attributes, ..
        } = token
            && name == "a"
            && let Some(href) = attributes.into_iter().find(|a| a.name == "href")
            && is_followed(&href.value, &["https://t.example/u/abc"])
        {
            targets.push(href.value.trim().to_owned());
            edits.push((href.range, String::new()));
        }
    }
    (edited(html, &edits), targets)
}

proptest! {
    #[test]
    fn everything_but_the_targets_is_byte_for_byte_the_same(html in page()) {
        let (before, targets) = without_targets(&html);
        let mut seen = Vec::new();
        let changed = rewrite(&html, &["https://t.example/u/abc"], None, None, |link| {
            assert_eq!(link.index, seen.len());
            seen.push(link.target.to_owned());
            Some(format!("https://t.example/c/{}", link.index))
        });
        prop_assert_eq!(&seen, &targets);
        let (after, new) = without_targets(&changed);
        prop_assert_eq!(before, after);
        let expected: Vec<String> = (0..targets.len()).map(|n| format!("https://t.example/c/{n}")).collect();
        prop_assert_eq!(new, expected);
    }

    #[test]
    fn who_changes_no_target_changes_nothing(html in page()) {
        prop_assert_eq!(rewrite(&html, &[], None, None, |_| None), html.clone());
        let same = |link: Link<'_>| Some(link.target.to_owned());
        let again = rewrite(&html, &[], None, None, same);
        prop_assert_eq!(without_targets(&again).1, without_targets(&html).1);
    }

    #[test]
    fn any_text_is_survived(html in ".{0,200}") {
        prop_assert_eq!(rewrite(&html, &[], Some(Utm::default()), None, |_| None), html);
    }
}
