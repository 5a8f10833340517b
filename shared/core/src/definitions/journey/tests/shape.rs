//! Definitions are stored for years: their types must read back what they wrote.

/// Serde's `untagged` and `flatten` drop or guess what they do not expect (a `wait` beside another verb vanished).
#[test]
fn definition_types_guess_nothing() {
    let sources = [
        include_str!("../../../release/journey.rs"),
        include_str!("../../../release/step.rs"),
        include_str!("../../../release/project.rs"),
        include_str!("../../../release/audience.rs"),
        include_str!("../../../release/template.rs"),
        include_str!("../../../condition/ast.rs"),
        include_str!("../../../condition/moment.rs"),
    ];
    for source in sources {
        let attributes = source
            .lines()
            .filter(|line| line.trim_start().starts_with("#[serde"));
        for line in attributes {
            assert!(
                !line.contains("untagged") && !line.contains("flatten"),
                "{line}"
            );
        }
        assert!(source.contains("Serialize"));
    }
}
