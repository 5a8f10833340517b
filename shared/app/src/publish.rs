//! Makes a release of a project's files.

use wend_core::definitions::{Diagnostic, SourceFile, read_all};
use wend_core::release::{Manifest, Part};

use crate::ports::{Clock, PublishError, ReleaseStore};

/// Why there is no new release.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The files have faults.
    #[error("{} faults in the project's files", .0.len())]
    Faults(Vec<Diagnostic>),
    /// The store did not take it.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// Publishes `files`, unless the newest release says the same already. Answers with the number in force.
pub async fn publish(
    store: &impl ReleaseStore,
    clock: &impl Clock,
    files: &[SourceFile],
) -> Result<u64, Error> {
    let definitions = read_all(files).map_err(Error::Faults)?;
    let faults = wend_content::check(&definitions);
    if !faults.is_empty() {
        return Err(Error::Faults(faults));
    }
    let parts: Vec<Part> = definitions
        .into_iter()
        .map(|(file, definition)| Part::new(file, definition))
        .collect();
    let before = store.manifest().await.map_err(PublishError::Port)?;
    let manifest = Manifest::next(before.as_ref(), &parts, clock.now());
    if let Some(before) = before
        && before.current == manifest.current
    {
        return Ok(before.number);
    }
    store.publish(&manifest, &parts).await?;
    Ok(manifest.number)
}
