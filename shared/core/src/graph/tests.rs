use super::*;
use crate::definitions::read_journey;

const CART: &str = include_str!("../definitions/journey/tests/abandoned-cart.yaml");
const NURTURE: &str = include_str!("../definitions/journey/tests/lead-nurture.yaml");

fn journey(text: &str) -> Journey {
    let id = text
        .lines()
        .find_map(|line| line.strip_prefix("journey: "))
        .unwrap();
    read_journey(&format!("journeys/{id}.yaml"), text).unwrap()
}

#[test]
fn every_step_is_a_box_and_every_edge_joins_two() {
    for text in [CART, NURTURE] {
        let journey = journey(text);
        let graph = Graph::of(&journey);
        for step in &journey.steps {
            assert!(
                graph
                    .nodes
                    .iter()
                    .any(|node| node.notes.first() == Some(&step.id)),
                "{}",
                step.id
            );
        }
        for edge in &graph.edges {
            assert!(edge.from < graph.nodes.len() && edge.to < graph.nodes.len());
        }
        let is_led_to = |place: usize| graph.edges.iter().any(|edge| edge.to == place);
        for (place, node) in graph.nodes.iter().enumerate() {
            assert!(node.kind == NodeKind::Start || is_led_to(place), "{node:?}");
        }
    }
}

#[test]
fn mermaid_names_paths_and_escapes_text() {
    let journey = journey(CART);
    let text = mermaid(&journey);
    assert!(
        text.starts_with("flowchart TD\n    n0([\"1h after the last cart_updated"),
        "{text}"
    );
    assert!(text.contains("|\"silent: 1 day\"|"), "{text}");
    assert_eq!(text, mermaid(&journey));
    let mut hostile = journey;
    hostile.steps[0].id = "a\"]; click b <script>".to_owned();
    let text = mermaid(&hostile);
    assert!(
        !text.contains("<script") && !text.contains("a\"]"),
        "{text}"
    );
}

#[test]
fn svg_holds_text_only_and_no_box_lies_on_another() {
    let mut journey = journey(NURTURE);
    journey.title = "<script>alert(1)</script> & \"more\"".to_owned();
    let text = svg(&journey);
    assert!(
        !text.contains("<script") && text.contains("&lt;script&gt;"),
        "{text}"
    );
    assert_eq!(text, svg(&journey));
    let boxes: Vec<[i32; 4]> = text
        .lines()
        .filter(|line| line.starts_with("<rect class=\"box"))
        .map(rectangle)
        .collect();
    assert!(boxes.len() > journey.steps.len());
    for (place, a) in boxes.iter().enumerate() {
        for b in boxes.iter().skip(place + 1) {
            let apart = a[0] + a[2] <= b[0]
                || b[0] + b[2] <= a[0]
                || a[1] + a[3] <= b[1]
                || b[1] + b[3] <= a[1];
            assert!(apart, "{a:?} {b:?}");
        }
    }
}

fn rectangle(line: &str) -> [i32; 4] {
    [" x=\"", " y=\"", " width=\"", " height=\""].map(|name| {
        let rest = line.split(name).nth(1).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    })
}
