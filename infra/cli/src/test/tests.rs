use super::*;
use std::fs;

const PROJECT: &str = "wend: 1\nproject: p\npostal_address: Street 1\n\
    senders: { shop: { email: Shop <shop@example.com> } }\ntopics: { news: { title: News, opt_in: single } }\n";
const TRIAL: &str = "journey: trial\ntopic: news\ntriggers: [ { event: trial_started } ]\nsteps:\n  \
    - { id: hello, email: hi }\n  - { id: pause, wait: 2 days }\n  - { id: how-to, email: hi }\n";
const HI: &str = "---\ntemplate: hi\nchannel: email\nclass: marketing\ntopic: news\nfrom: shop\nsubject: Hi\n---\nHello\n";
const SCENARIOS: &str = "scenarios: trial\nstart: Mon 2027-03-01 10:00 Europe/Berlin\nwho: ana\n\
    contacts:\n  ana: { email: ana@example.com, first_name: Ana, subscribed: [ news ] }\n\
    cases:\n  - case: nobody <creates> a project\n    timeline:\n      - { at: Mon 10:00, track: trial_started }\n";

/// A project in a folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("wend-test-{name}-{}", std::process::id()));
        for (path, text) in [
            ("wend.yaml", PROJECT),
            ("journeys/trial.yaml", TRIAL),
            ("templates/hi.md", HI),
            ("scenarios/trial.yaml", SCENARIOS),
        ] {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn summary(&self) -> Summary {
        let files = project::load(&self.0).unwrap();
        let definitions = read_all(&files).unwrap();
        let project = Project {
            files: &files,
            definitions: &definitions,
        };
        let files = play_all(project, chosen(&self.0, &[]).unwrap()).unwrap();
        Summary {
            files,
            took: Duration::from_millis(190),
        }
    }

    fn run(&self, record: bool, names: &[&str]) -> anyhow::Result<bool> {
        let words = [self.0.display().to_string()].into_iter();
        let args = Args {
            words: words.chain(names.iter().map(ToString::to_string)).collect(),
            record,
            format: Format::Json,
        };
        run(&args).map(|code| code == ExitCode::SUCCESS)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_was_recorded_passes() {
    let folder = Folder::new("record");
    assert!(!folder.run(false, &[]).unwrap());
    assert!(folder.run(true, &["trial"]).unwrap());
    let expected = format!(
        "{SCENARIOS}      - {{ at: Mon 10:00, sent: hello }}\n      - {{ at: Wed 10:00, sent: how-to }}\n      \
         - {{ at: Wed 10:00, ended: completed }}\n"
    );
    let text = fs::read_to_string(folder.0.join("scenarios/trial.yaml")).unwrap();
    assert_eq!(text, expected);
    assert!(folder.run(false, &[]).unwrap());
    let summary = folder.summary();
    let text = format::print(&summary, Format::Text);
    assert_eq!(
        text,
        "trial ........... 1 passed\n1 passed, 0 failed\n2 days of journey time in 0.19 s\n"
    );
}

#[test]
fn a_failure_is_told_in_every_format() {
    let folder = Folder::new("formats");
    let summary = folder.summary();
    let text = format::print(&summary, Format::Text);
    let expected = "trial · nobody <creates> a project   scenarios/trial.yaml:7\n  + { at: Mon 10:00, sent: hello }\n  \
        + { at: Wed 10:00, sent: how-to }\n  + { at: Wed 10:00, ended: completed }\n\n\
        trial ........... 0 passed, 1 failed\n0 passed, 1 failed\n2 days of journey time in 0.19 s\n";
    assert_eq!(text, expected);
    let junit = format::print(&summary, Format::Junit);
    assert!(
        junit.contains("<testsuites tests=\"1\" failures=\"1\" time=\"0.190\">"),
        "{junit}"
    );
    assert!(
        junit.contains("name=\"nobody &lt;creates&gt; a project\""),
        "{junit}"
    );
    assert!(
        junit.contains("<failure message=\"+ { at: Mon 10:00, sent: hello }\">"),
        "{junit}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&format::print(&summary, Format::Json)).unwrap();
    assert_eq!(json["failed"], 1);
    assert_eq!(json["cases"][0]["differences"][0]["kind"], "unexpected");
}

#[test]
fn what_recording_leaves_standing_is_told_with_its_line() {
    let folder = Folder::new("left-over");
    let wrong = format!("{SCENARIOS}      - {{ at: Mon 10:00, sent: helo }}\n");
    fs::write(folder.0.join("scenarios/trial.yaml"), wrong).unwrap();
    assert!(!folder.run(true, &[]).unwrap());
    let summary = folder.summary();
    let text = format::print(&summary, Format::Text);
    let line = "  - { at: Mon 10:00, sent: helo }   # there is no step `helo`; did you mean `hello`?   scenarios/trial.yaml:10\n";
    assert!(text.contains(line), "{text}");
    let told = "  nobody <creates> a project     line 10 of scenarios/trial.yaml is not met: delete or mend it";
    assert_eq!(left_over(&summary.files[0]), [told]);
}

#[test]
fn an_unknown_name_and_faults_of_files_fail() {
    let folder = Folder::new("faults");
    let error = folder.run(false, &["trail"]).unwrap_err().to_string();
    assert!(error.contains("has `trail` in its name"), "{error}");
    let broken = SCENARIOS.replace("Mon 2027-03-01", "Tue 2027-03-01");
    fs::write(folder.0.join("scenarios/trial.yaml"), broken).unwrap();
    assert!(!folder.run(false, &[]).unwrap());
}

#[test]
fn the_scenarios_of_the_starter_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../starter");
    let files = project::load(&folder).unwrap();
    let definitions = read_all(&files).unwrap();
    let project = Project {
        files: &files,
        definitions: &definitions,
    };
    let files = play_all(project, chosen(&folder, &[]).unwrap()).unwrap();
    let summary = Summary {
        files,
        took: Duration::ZERO,
    };
    let (passed, failed) = summary.counts();
    let text = format::print(&summary, Format::Text);
    assert!(passed > 0 && failed == 0, "{text}");
}
