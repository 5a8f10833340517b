//! Makes a release of a project's files.

use wend_content::read_all;
use wend_core::definitions::{Diagnostic, SourceFile};
use wend_core::release::{Definition, Manifest, Part};

use crate::ports::{Clock, PublishError, ReleaseStore};

/// Why there is no new release.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The files have faults.
    #[error("{} faults in the project's files", .0.len())]
    Faults(Vec<Diagnostic>),
    /// `wend.yaml` does not declare the environment.
    #[error("there is no environment `{name}` in wend.yaml; it declares: {}", .known.join(", "))]
    NoEnvironment {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The store did not take it.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// Publishes `files` for an environment of `wend.yaml`, unless the newest release says the same already. Answers with the number
/// in force.
pub async fn publish(
    store: &impl ReleaseStore,
    clock: &impl Clock,
    files: &[SourceFile],
    environment: Option<&str>,
) -> Result<u64, Error> {
    let definitions = read_all(files).map_err(Error::Faults)?;
    if let Some(name) = environment {
        check_environment(&definitions, name)?;
    }
    Ok(publish_definitions(store, clock, definitions, environment).await?)
}

fn check_environment(definitions: &[(SourceFile, Definition)], name: &str) -> Result<(), Error> {
    let projects = definitions
        .iter()
        .filter_map(|(_, definition)| match definition {
            Definition::Project(project) => Some(project),
            Definition::Journey(_)
            | Definition::Segment(_)
            | Definition::Score(_)
            | Definition::Template(_) => None,
        });
    let known: Vec<String> = projects
        .flat_map(|project| project.environments.keys().cloned())
        .collect();
    if known.iter().any(|known| known == name) {
        return Ok(());
    }
    let name = name.to_owned();
    Err(Error::NoEnvironment { name, known })
}

/// Publishes definitions that were read and checked, unless the newest release says the same already. Answers with the number in
/// force.
pub(crate) async fn publish_definitions(
    store: &impl ReleaseStore,
    clock: &impl Clock,
    definitions: Vec<(SourceFile, Definition)>,
    environment: Option<&str>,
) -> Result<u64, PublishError> {
    let parts: Vec<Part> = definitions
        .into_iter()
        .map(|(file, definition)| Part::new(file, definition))
        .collect();
    let before = store.manifest().await?;
    let manifest = Manifest {
        environment: environment.map(str::to_owned),
        ..Manifest::next(before.as_ref(), &parts, clock.now())
    };
    if let Some(before) = before
        && before.current == manifest.current
        && before.environment == manifest.environment
    {
        return Ok(before.number);
    }
    store.publish(&manifest, &parts).await?;
    Ok(manifest.number)
}
