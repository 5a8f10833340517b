//! The link that confirms an opt-in.

use wend_core::token::{ConfirmToken, OptInRef};

use super::*;

const WORDING: &str = "Yes, send me offers";

impl World {
    /// Ana says yes to offers, at a form; the time of it.
    fn asks_for_offers(&self) -> Timestamp {
        let at = self.clock.now();
        let change = ConsentChange {
            permission: EMAIL,
            topic: "offers".to_owned(),
            consent: Consent {
                opted_in: true,
                at,
                proof: Proof::new("footer form", Some(WORDING)),
            },
            is_pending: true,
        };
        run(&self.clock, self.store.consent(&change))
            .unwrap()
            .unwrap();
        self.wait(60);
        at
    }

    fn link(&self, said_at: Timestamp) -> String {
        let opt_in = OptInRef {
            topic: "offers".to_owned(),
            said_at,
            until: said_at.plus(Duration::from_hours(7 * 24)),
        };
        let token = ConfirmToken {
            contact: ANA,
            channel: Channel::Email,
            permission: EMAIL,
            send: SEND,
            opt_ins: vec![opt_in],
        };
        format!("/y/{}", token.sign(&self.keys))
    }

    fn offers(&self) -> TopicState {
        self.state(EMAIL, "offers")
    }
}

/// The page's status and heading.
fn said(answer: &Response<Bytes>) -> (u16, String) {
    let heading = body(answer).split_once("<h1>").unwrap().1;
    let heading = heading.split_once("</h1>").unwrap().0;
    (answer.status().as_u16(), heading.to_owned())
}

#[test]
fn a_look_at_the_link_changes_nothing_and_the_button_confirms() {
    let world = world();
    let said_at = world.asks_for_offers();
    let link = world.link(said_at);
    let before = world.store.permission(EMAIL).unwrap();
    for method in [Method::GET, Method::HEAD] {
        let answer = world.ask(method, &link, &[], "");
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(body(&answer).contains("<li>Offers</li>"), "{answer:?}");
        assert!(body(&answer).contains("<form method=\"post\">"));
    }
    assert_eq!(world.store.permission(EMAIL).unwrap(), before);
    assert_eq!(world.heard(), []);
    let confirmed_at = world.clock.now();
    let answer = said(&world.post(&link, ""));
    assert_eq!(answer, (200, "Your subscription is confirmed".to_owned()));
    let proof = Proof {
        confirmed_at: Some(confirmed_at),
        send: Some(SEND),
        ..Proof::new("footer form", Some(WORDING))
    };
    let row = world.store.permission(EMAIL).unwrap();
    let expected = Consent {
        opted_in: true,
        at: said_at,
        proof: proof.clone(),
    };
    assert_eq!(row.topics["offers"], expected);
    let [Input::Consent(heard)] = &world.heard()[..] else {
        panic!("one word is heard")
    };
    assert_eq!((heard.at, &heard.proof), (confirmed_at, &proof));
    assert_eq!(heard.topic, Some(on(Channel::Email, "offers")));
    let confirms = heard.confirms.unwrap();
    assert_eq!((confirms.said_at, confirms.permission), (said_at, EMAIL));
    // Again, as after an answer that was lost: the same input, which its log row knows.
    world.wait(60);
    assert_eq!(world.post(&link, "").status(), StatusCode::OK);
    let [Input::Consent(again)] = &world.heard()[..] else {
        panic!("the same word is heard")
    };
    assert_eq!((again.id, again.at), (heard.id, heard.at));
    assert_eq!(
        world.store.permission(EMAIL).unwrap().topics["offers"],
        expected
    );
}

#[test]
fn a_no_since_the_opt_in_stays() {
    let world = world();
    let said_at = world.asks_for_offers();
    let link = world.link(said_at);
    assert_eq!(
        world.post(&world.no(Channel::Email), "").status(),
        StatusCode::OK
    );
    world.heard();
    for method in [Method::GET, Method::POST] {
        let answer = said(&world.ask(method, &link, &[], ""));
        assert_eq!(answer, (410, "You have unsubscribed since".to_owned()));
    }
    assert_eq!(world.offers(), TopicState::OptedOut);
    assert_eq!(world.heard(), []);
    // A newer opt-in has a link of its own.
    world.wait(60);
    let again = world.asks_for_offers();
    assert_eq!(said(&world.post(&link, "")).0, 410);
    assert_eq!(world.offers(), TopicState::Pending);
    assert_eq!(said(&world.post(&world.link(again), "")).0, 200);
    assert_eq!(world.offers(), TopicState::OptedIn);
    // And who has confirmed and said no is not brought back by the same link.
    world.wait(60);
    world.post(&world.no(Channel::Email), "");
    assert_eq!(said(&world.post(&world.link(again), "")).0, 410);
    assert_eq!(world.offers(), TopicState::OptedOut);
}

#[test]
fn a_link_that_came_too_late_says_so() {
    let world = world();
    let said_at = world.asks_for_offers();
    world.wait(7 * 24 * 3600);
    let answer = world.ask(
        Method::POST,
        &world.link(said_at),
        &[("accept-language", "de")],
        "",
    );
    let expected = (410, "Dieser Link ist nicht mehr gültig".to_owned());
    assert_eq!(said(&answer), expected);
    assert_eq!(world.offers(), TopicState::Pending);
    assert_eq!(world.heard(), []);
}

#[test]
fn nobody_can_make_a_link_or_bend_one() {
    let world = world();
    let said_at = world.asks_for_offers();
    let link = world.link(said_at);
    let foreign = LinkKeys::first(&IdentitySecret::new([8; 32]));
    let other_purpose = world.no(Channel::Email).replace("/u/", "/y/");
    let token = ConfirmToken {
        contact: ANA,
        channel: Channel::Email,
        permission: EMAIL,
        send: SEND,
        opt_ins: Vec::new(),
    };
    let bent = format!("{}A{}", &link[..30], &link[31..]);
    let bent = if bent == link {
        format!("{link}A")
    } else {
        bent
    };
    for path in [
        bent,
        format!("/y/{}", token.sign(&foreign)),
        other_purpose,
        "/y/".to_owned(),
    ] {
        let answer = world.post(&path, "");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    // A genuine one that names nothing confirms nothing.
    let nothing = format!("/y/{}", token.sign(&world.keys));
    assert_eq!(world.post(&nothing, "").status(), StatusCode::GONE);
    assert_eq!(
        world.ask(Method::PUT, &link, &[], "").status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert_eq!(world.offers(), TopicState::Pending);
    assert_eq!(world.heard(), []);
}

#[test]
fn a_confirmation_that_nobody_heard_of_is_heard_with_the_next_click() {
    let broken = world_on(&Line::new(Failing("send to a queue")));
    let said_at = broken.asks_for_offers();
    let answer = broken.post(&broken.link(said_at), "");
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(broken.offers(), TopicState::OptedIn);
    let link = broken.link(said_at);
    let mended = world();
    let row = broken.store.permission(EMAIL).unwrap();
    for (pending, said) in [
        (true, &row.pending["offers"]),
        (false, &row.topics["offers"]),
    ] {
        let change = ConsentChange {
            permission: EMAIL,
            topic: "offers".to_owned(),
            consent: said.clone(),
            is_pending: pending,
        };
        run(&mended.clock, mended.store.consent(&change))
            .unwrap()
            .unwrap();
    }
    assert_eq!(mended.post(&link, "").status(), StatusCode::OK);
    assert_eq!(mended.heard().len(), 1);
}
