//! Clicks and opens.

use super::*;

#[test]
fn a_click_leads_to_the_signed_target_and_nowhere_else() {
    let world = world();
    let path = world.click();
    world.wait(5);
    for asked in [
        path.clone(),
        format!("{path}?url=https://evil.example&next=//evil.example"),
    ] {
        let answer = world.get(&asked);
        assert_eq!(answer.status(), StatusCode::FOUND);
        assert_eq!(header(&answer, "location"), TARGET);
        assert_eq!(header(&answer, "cache-control"), "no-store");
    }
    let [Input::Feedback(one), Input::Feedback(_)] = &world.heard()[..] else {
        panic!("expected two clicks");
    };
    let expected = Feedback {
        id: one.id,
        contact: ANA,
        send: SEND,
        journey: "welcome".to_owned(),
        step: "hello".to_owned(),
        at: world.clock.now(),
        kind: FeedbackKind::Clicked,
        is_machine: false,
        link: Some(TARGET.to_owned()),
        text: None,
    };
    assert_eq!(**one, expected);
    // An open's token, a broken one and another method lead nowhere.
    let open = world.open().replacen("/o/", "/c/", 1);
    for (method, path, status) in [
        (Method::GET, open, StatusCode::NOT_FOUND),
        (
            Method::GET,
            path[..path.len() - 1].to_owned(),
            StatusCode::NOT_FOUND,
        ),
        (Method::GET, "/c/".to_owned(), StatusCode::NOT_FOUND),
        (Method::POST, path, StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let answer = world.ask(method, &path, &[], "");
        assert_eq!(
            (answer.status(), header(&answer, "location")),
            (status, ""),
            "{path}"
        );
    }
    assert_eq!(world.heard(), []);
}

#[test]
fn a_queue_that_fails_keeps_nobody_from_the_page() {
    let world = world_on(&Line::new(Failing("send to a queue")));
    let answer = world.get(&world.click());
    assert_eq!(
        (answer.status(), header(&answer, "location")),
        (StatusCode::FOUND, TARGET)
    );
    let answer = world.get(&world.open());
    assert_eq!(
        (answer.status(), header(&answer, "content-type")),
        (StatusCode::OK, "image/gif")
    );
}

#[test]
fn an_open_is_a_picture_that_nobody_keeps() {
    let world = world();
    let path = world.open();
    world.wait(5);
    let answer = world.get(&path);
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.body().starts_with(b"GIF89a") && answer.body().ends_with(b";"));
    assert_eq!(header(&answer, "content-type"), "image/gif");
    assert!(header(&answer, "cache-control").contains("no-store"));
    let [Input::Feedback(open)] = &world.heard()[..] else {
        panic!("expected an open");
    };
    assert_eq!(
        (open.kind, open.is_machine, &open.link),
        (FeedbackKind::Opened, false, &None)
    );
    assert_eq!(world.get("/o/abc").status(), StatusCode::OK);
    assert_eq!(world.heard(), []);
}

#[test]
fn what_machines_do_is_told_as_theirs() {
    let world = world();
    let (early, late) = (world.click(), world.open());
    let is_machine = |answer: Response<Bytes>| {
        assert!(answer.status().is_success() || answer.status().is_redirection());
        match &world.heard()[..] {
            [Input::Feedback(feedback)] => feedback.is_machine,
            other => panic!("expected one: {other:?}"),
        }
    };
    assert!(is_machine(world.get(&early)), "at the moment of sending");
    world.wait(5);
    let person = ("user-agent", FIREFOX);
    for (method, headers, expected) in [
        (Method::GET, vec![person], false),
        (Method::HEAD, vec![person], true),
        (Method::GET, vec![], true),
        (Method::GET, vec![("user-agent", "Mozilla/5.0")], true),
        (Method::GET, vec![person, ("purpose", "prefetch")], true),
        (
            Method::GET,
            vec![person, ("sec-purpose", "prefetch;prerender")],
            true,
        ),
    ] {
        for path in [&early, &late] {
            let answer = world.ask(method.clone(), path, &headers, "");
            assert_eq!(is_machine(answer), expected, "{method} {headers:?}");
        }
    }
}

#[test]
fn a_key_that_was_rotated_in_is_looked_up_once_a_lease() {
    let world = world();
    let rotated = world.keys.rotated([9; 32], world.clock.now());
    run(&world.clock, world.store.rotate_link_keys(&rotated))
        .unwrap()
        .unwrap();
    let (message, target) = (world.message(), TARGET.to_owned());
    let path = format!("/c/{}", ClickToken { message, target }.sign(&rotated));
    assert_eq!(world.get(&path).status(), StatusCode::NOT_FOUND);
    world.wait(10);
    assert_eq!(world.get(&path).status(), StatusCode::FOUND);
    assert_eq!(world.get(&world.click()).status(), StatusCode::FOUND);
}
