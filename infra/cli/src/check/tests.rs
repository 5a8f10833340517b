use super::*;
use crate::folder::Folder;

fn report(folder: &Folder) -> Report {
    let mut files = project::load(folder.path()).unwrap();
    files.extend(project::misplaced(folder.path()).unwrap());
    let scenarios = project::load_scenarios(folder.path()).unwrap();
    let took = Duration::from_millis(20);
    Report {
        took,
        ..check(files, scenarios)
    }
}

/// What a terminal without colours shows.
fn shown(report: &Report) -> String {
    let text = format::print(report, Format::Text);
    anstream::adapter::strip_str(&text).to_string()
}

const TRIAL: &str = "journey: trial
title: Trial onboarding
stage: consideration
topic: guides
triggers:
  - event: trial_started
goal: { event: demo_booked, within: 14 days }
steps:
  - { id: hello, email: trial-hello }
  - id: first-project
    wait_until:
      - path: asked-for-help
        event: support_chat_started
        steps:
          - { id: hand-over, alert: support }
          - { id: helped, exit: support took over }
      - path: stuck
        after: 2 days
  - { id: how-to, email: trial-how-to }
";

const HELLO: &str = "---
template: trial-hello
channel: email
class: marketing
topic: guides
from: shop
subject: Hello
sample:
  contact: { first_name: Ana }
---
Hello {{ contact.first_name }},

{{ contact.lastname }}
";

/// A new project with faults of every kind.
fn faulty() -> Folder {
    let folder = Folder::project("check-faulty");
    folder.write("journeys/trial.yaml", TRIAL);
    folder.write("journeys/other.yml", "journey: other\n");
    folder.write("journey/lost.yaml", "journey: lost\n");
    folder.write("segments/old/gone.yaml", "segment: gone\n");
    folder.write("templates/trial-hello.md", HELLO);
    let sms = format!(
        "---\ntemplate: long\nchannel: sms\nclass: transactional\nfrom: texts\n---\n{}\n",
        "long ".repeat(40)
    );
    folder.write("templates/long.md", &sms);
    folder.write(
        "scenarios/broken.yaml",
        "scenarios: broken\nstart: Tue 2027-03-01 10:00\ncases: []\n",
    );
    folder
}

#[test]
fn one_run_tells_all_faults_in_the_order_of_the_files() {
    insta::assert_snapshot!(shown(&report(&faulty())));
}

#[test]
fn faults_are_data_with_their_edits() {
    let folder = Folder::project("check-json");
    let broken = TRIAL
        .replace("stage:", "stag:")
        .replace("trial-how-to", "welcome-hello");
    folder.write(
        "journeys/trial.yaml",
        &broken.replace("trial-hello", "welcome-hello"),
    );
    insta::assert_snapshot!(format::print(&report(&folder), Format::Json));
}

#[test]
fn a_new_project_is_good() {
    let report = report(&Folder::project("check-good"));
    let expected = format!(
        "All good: {} journeys, {} steps, {} messages rendered with their sample data.\n",
        report.journeys, report.steps, report.messages
    );
    assert_eq!(shown(&report), expected);
    assert!(report.journeys == 10 && report.steps > 60 && report.messages > 40);
}

#[test]
fn warnings_alone_do_not_fail() {
    let folder = Folder::project("check-warning");
    folder.write("journeys/other.yml", "journey: other\n");
    let args = |format| Args {
        project: folder.path().to_owned(),
        format,
    };
    assert_eq!(run(&args(Format::Json)).unwrap(), ExitCode::SUCCESS);
    let shown = shown(&report(&folder));
    assert!(
        shown.contains("warning[W0202]: not read: journeys/other.yml"),
        "{shown}"
    );
    assert!(
        shown.ends_with("1 warning in 10 journeys · 0.02 s\n"),
        "{shown}"
    );
    folder.write("journeys/bad.yaml", "journey: [\n");
    assert_eq!(run(&args(Format::Text)).unwrap(), ExitCode::FAILURE);
    folder.write("wend.yaml", "wend: 1\n");
    assert_eq!(run(&args(Format::Text)).unwrap(), ExitCode::FAILURE);
}

#[test]
fn a_name_of_a_scenario_that_does_not_exist_is_a_fault() {
    let folder = Folder::project("check-scenario");
    let text = folder
        .read("scenarios/welcome.yaml")
        .replace("subscribe: news", "subscribe: nws");
    folder.write("scenarios/welcome.yaml", &text);
    let shown = shown(&report(&folder));
    assert!(shown.contains("error[E0611]"), "{shown}");
}

#[test]
fn an_event_of_a_scenario_that_the_plan_does_not_have_is_a_warning() {
    let folder = Folder::project("check-scenario-plan");
    let text = folder.read("scenarios/abandoned-cart.yaml").replacen(
        "track: cart_updated",
        "track: cart_udpated",
        1,
    );
    folder.write("scenarios/abandoned-cart.yaml", &text);
    let shown = shown(&report(&folder));
    assert!(shown.contains("warning[W0107]"), "{shown}");
    assert!(shown.contains("did you mean `cart_updated`?"), "{shown}");
}

#[test]
fn colours_are_beside_the_text() {
    let report = report(&faulty());
    let coloured = format::print(&report, Format::Text);
    assert!(
        coloured.contains("\u{1b}[1;31merror[E0210]\u{1b}[0m: "),
        "{coloured}"
    );
    assert!(
        coloured.contains("\u{1b}[1;33mwarning[W0107]"),
        "{coloured}"
    );
    let plain: Vec<String> = report
        .faults
        .iter()
        .map(|fault| {
            let file = report.files.iter().find(|file| file.path == fault.file);
            wend_core::definitions::render(fault, file.map_or("", |file| &file.text))
        })
        .collect();
    assert!(shown(&report).starts_with(&plain.join("\n\n")));
}

/// The journeys on the pages for those who come from other tools: each reads without a fault. What it names stands on its page.
#[test]
fn the_journeys_of_the_coming_from_pages_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../starter/coming-from");
    let mut count = 0;
    for page in std::fs::read_dir(folder).unwrap() {
        let page = page.unwrap().path();
        let text = std::fs::read_to_string(&page).unwrap();
        let blocks = text.split("```yaml\n").skip(1);
        let blocks = blocks.filter_map(|block| block.split("```").next());
        for block in blocks {
            let start = block.lines().position(|line| line.starts_with("journey:"));
            let Some(start) = start else { continue };
            let journey: String = block.split_inclusive('\n').skip(start).collect();
            let id = journey
                .trim_start_matches("journey:")
                .split_whitespace()
                .next()
                .unwrap();
            let read =
                wend_core::definitions::read_journey(&format!("journeys/{id}.yaml"), &journey);
            assert!(read.is_ok(), "{}: {read:?}", page.display());
            count += 1;
        }
    }
    assert_eq!(count, 8, "one journey a page");
}
