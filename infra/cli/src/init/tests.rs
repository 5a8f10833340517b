use super::*;
use crate::folder::Folder;

#[test]
fn a_project_is_named_after_its_folder_and_has_the_starters() {
    let folder = Folder::new("init");
    let shop = folder.path().join("My Shop");
    create(&shop).unwrap();
    let text = fs::read_to_string(shop.join("wend.yaml")).unwrap();
    assert!(text.contains("\nproject: my-shop\n"), "{text}");
    let ignored = fs::read_to_string(shop.join(".gitignore")).unwrap();
    assert_eq!(ignored, ".env\n");
    for (path, text) in STARTER.iter().filter(|(path, _)| *path != "wend.yaml") {
        assert_eq!(
            fs::read_to_string(shop.join(path)).unwrap(),
            *text,
            "{path}"
        );
    }
}

#[test]
fn nothing_is_overwritten() {
    let folder = Folder::new("init-full");
    folder.write(".git/HEAD", "hidden files are no project");
    folder.write(".gitignore", "target");
    create(folder.path()).unwrap();
    assert_eq!(folder.read(".gitignore"), "target\n.env\n");
    folder.write("wend.yaml", "mine");
    let error = create(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("is not empty, there is `coupons`"),
        "{error}"
    );
    assert_eq!(folder.read("wend.yaml"), "mine");
}

#[test]
fn what_was_created_is_told() {
    insta::assert_snapshot!(told());
}

#[test]
fn every_file_of_the_starter_that_a_project_reads_is_copied() {
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../starter");
    let mut files = crate::project::load(&starter).unwrap();
    files.extend(crate::project::load_scenarios(&starter).unwrap());
    let mut paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    paths.sort_unstable();
    let copied: Vec<&str> = STARTER.iter().map(|(path, _)| *path).collect();
    assert_eq!(copied, paths);
}
