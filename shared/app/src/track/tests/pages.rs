//! Pages on which people say what they want, and what becomes of it.

use super::*;

#[test]
fn looking_at_a_page_changes_nothing() {
    let world = world();
    world.opts_in(EMAIL, "news");
    let before = world.store.permission(EMAIL).unwrap();
    for path in [world.no(Channel::Email), world.preferences(None)] {
        for method in [Method::GET, Method::HEAD] {
            let answer = world.ask(method, &path, &[], "do=stop");
            assert_eq!(answer.status(), StatusCode::OK);
            let policy = header(&answer, "content-security-policy");
            assert!(policy.starts_with("default-src 'none'"), "{policy}");
        }
        for method in [Method::PUT, Method::DELETE] {
            let answer = world.ask(method, &path, &[], "do=stop");
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        }
    }
    assert_eq!(world.store.permission(EMAIL).unwrap(), before);
    assert_eq!(world.heard(), []);
}

#[test]
fn one_click_unsubscribes_in_either_encoding_and_runs_hear_of_it() {
    const MULTIPART: &str = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    for (kind, content) in [
        (
            "application/x-www-form-urlencoded",
            "List-Unsubscribe=One-Click",
        ),
        ("multipart/form-data; boundary=b", MULTIPART),
    ] {
        let world = world();
        world.opts_in(EMAIL, "news");
        let headers = [("content-type", kind)];
        let answer = world.ask(Method::POST, &world.no(Channel::Email), &headers, content);
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(body(&answer).contains("You are unsubscribed"));
        assert_eq!(world.state(EMAIL, "news"), TopicState::OptedOut);
        let [Input::Consent(no)] = &world.heard()[..] else {
            panic!("expected a word");
        };
        let now = world.clock.now();
        assert_eq!(
            (no.contact, &no.topic, no.opted_in, no.at),
            (ANA, &None, false, now)
        );
    }
}

#[test]
fn an_unsubscribe_from_sms_is_heard_topic_by_topic() {
    let world = world();
    world.post(&world.no(Channel::Sms), "");
    let heard = world.heard();
    let topics = heard.iter().map(|input| match input {
        Input::Consent(no) => no
            .topic
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        other => panic!("{other:?}"),
    });
    assert_eq!(topics.collect::<Vec<_>>(), ["news/sms", "offers/sms"]);
}

#[test]
fn an_unsubscribe_that_is_not_wholly_done_says_so_and_has_closed_the_address() {
    let world = world_on(&Line::new(Failing("send to a queue")));
    let answer = world.post(&world.no(Channel::Email), "");
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(body(&answer).contains("<form method=\"post\">"));
    assert!(
        world
            .store
            .permission(EMAIL)
            .unwrap()
            .unsubscribed_at()
            .is_some()
    );
}

#[test]
fn the_page_of_preferences_shows_each_topic_by_channel() {
    let world = world();
    world.opts_in(EMAIL, "news");
    let answer = world.get(&world.preferences(Some(SMS)));
    let html = body(&answer);
    for part in [
        "<html lang=\"en\">",
        "<legend>By email</legend><label><input type=\"checkbox\" name=\"on\" value=\"news/email\" checked> News &amp; &quot;&lt;more&gt;&quot;</label>",
        "value=\"offers/email\"> Offers</label>",
        "<legend>By SMS</legend><label><input type=\"checkbox\" name=\"on\" value=\"news/sms\">",
        "<label for=\"locale\">",
        "<option value=\"fr\" lang=\"fr\">Français</option>",
        "<button name=\"do\" value=\"pause\">Pause for 30 days</button>",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    for foreign in ["<script", "http://", "https://", "src=", "onclick"] {
        assert!(!html.contains(foreign), "{foreign} in {html}");
    }
    let german = [("accept-language", "de-AT,de;q=0.9")];
    let answer = world.ask(Method::GET, &world.preferences(None), &german, "");
    assert!(body(&answer).contains("<html lang=\"de\">") && body(&answer).contains("Per E-Mail"));
    assert!(!body(&answer).contains("Per SMS"));
}

#[test]
fn saved_preferences_are_written_and_heard() {
    let world = world();
    world.opts_in(EMAIL, "news");
    let answer = world.post(
        &world.preferences(Some(SMS)),
        "do=save&on=offers%2Femail&on=news/sms&on=nothing/email&locale=fr",
    );
    assert!(
        body(&answer).contains("<p role=\"status\">Saved.</p>"),
        "{}",
        body(&answer)
    );
    assert!(body(&answer).contains("value=\"offers/email\" checked>"));
    let states = [
        (EMAIL, "news"),
        (EMAIL, "offers"),
        (SMS, "news"),
        (SMS, "offers"),
    ];
    let states = states.map(|(permission, topic)| world.state(permission, topic));
    let (yes, no, unasked) = (
        TopicState::OptedIn,
        TopicState::OptedOut,
        TopicState::Unasked,
    );
    assert_eq!(states, [no, yes, yes, unasked]);
    let heard = world.heard().into_iter().map(|input| match input {
        Input::Consent(said) => format!("{} {}", said.topic.unwrap(), said.opted_in),
        Input::Command(command) => format!("{:?}", attributes(&command.kind)),
        other => panic!("{other:?}"),
    });
    let expected = [
        "news false",
        "offers true",
        "news/sms true",
        "{\"locale\": String(\"fr\")}",
    ];
    assert_eq!(heard.collect::<Vec<_>>(), expected);
    // The same once more says nothing new.
    let again = "do=save&on=offers/email&on=news/sms&locale=xx";
    world.post(&world.preferences(Some(SMS)), again);
    assert_eq!(world.heard(), []);
}

fn attributes(kind: &wend_core::input::CommandKind) -> &wend_core::input::Properties {
    match kind {
        wend_core::input::CommandKind::Attributes(attributes) => attributes.expose(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pause_lasts_for_thirty_days_or_until_it_is_ended() {
    let world = world();
    let path = world.preferences(Some(SMS));
    let answer = world.post(&path, "do=pause");
    let until = world.clock.now().plus(Duration::from_hours(30 * 24));
    for permission in [EMAIL, SMS] {
        assert_eq!(
            world.store.permission(permission).unwrap().paused_until,
            Some(until)
        );
    }
    let html = body(&answer);
    assert!(html.contains("<time datetime=\"2027-03-31\">"), "{html}");
    assert!(html.contains("value=\"resume\">") && !html.contains("value=\"pause\">"));
    world.wait(1);
    world.post(&path, "do=resume");
    assert_eq!(world.store.permission(EMAIL).unwrap().paused_until, None);
    assert_eq!(world.heard(), []);
}

#[test]
fn people_say_how_often_at_most() {
    let world = world();
    let path = world.preferences(Some(SMS));
    let often = || [EMAIL, SMS].map(|address| world.store.permission(address).unwrap().frequency);
    let answer = world.post(&path, "do=save&often=weekly");
    let weekly = Some(Frequency::Weekly);
    assert_eq!(often(), [weekly, weekly]);
    let html = body(&answer);
    assert!(
        html.contains("<option value=\"weekly\" selected>once a week"),
        "{html}"
    );
    world.wait(1);
    // A form without the choice says nothing of it.
    world.post(&path, "do=save");
    assert_eq!(often(), [weekly, weekly]);
    assert_eq!(
        world.post(&path, "do=save&often=hourly").status(),
        StatusCode::BAD_REQUEST
    );
    world.post(&path, "do=save&often=");
    assert_eq!(often(), [None, None]);
}

#[test]
fn unsubscribing_from_everything_can_be_undone_topic_by_topic() {
    let world = world();
    world.opts_in(EMAIL, "news");
    let path = world.preferences(None);
    let answer = world.post(&path, "do=stop");
    assert!(!body(&answer).contains("checked"));
    assert_eq!(world.state(EMAIL, "news"), TopicState::OptedOut);
    assert_eq!(world.heard().len(), 1);
    world.wait(1);
    world.post(&path, "do=save&on=news/email");
    assert_eq!(world.state(EMAIL, "news"), TopicState::OptedIn);
    assert_eq!(world.state(EMAIL, "offers"), TopicState::OptedOut);
    assert_eq!(world.heard().len(), 1);
    assert_eq!(
        world.post(&path, "do=burn").status(),
        StatusCode::BAD_REQUEST
    );
}
