//! Secrets on this machine: the file `.env` of the project, which no repository takes.
//!
//! `HUBSPOT_TOKEN=…` there is `secret/hubspot-token` in wend.yaml. The environment of the process is not looked at: a file of a
//! project could name any of its variables, and have it sent somewhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use wend_app::ports::{PortError, Secrets};
use wend_core::personal::Personal;

/// The file's name.
pub const FILE: &str = ".env";

/// The secrets of a project's folder. The file is read each time: a change is in force at once.
#[derive(Clone, Debug)]
pub struct FileSecrets(PathBuf);

impl FileSecrets {
    /// Those of the project in `folder`.
    pub fn of(folder: &Path) -> Self {
        Self(folder.join(FILE))
    }

    /// All secrets by their names in wend.yaml; none where there is no file.
    pub fn all(&self) -> anyhow::Result<BTreeMap<String, Personal<String>>> {
        if !self.0.exists() {
            return Ok(BTreeMap::new());
        }
        let lines = dotenvy::from_path_iter(&self.0);
        let lines = lines.with_context(|| format!("cannot read {}", self.0.display()))?;
        let mut all = BTreeMap::new();
        for line in lines {
            // The parser's words repeat the line, and with it the secret.
            let Ok((name, value)) = line else {
                anyhow::bail!("{} has a line that is not `NAME=value`", self.0.display());
            };
            all.insert(name.to_lowercase().replace('_', "-"), Personal::new(value));
        }
        Ok(all)
    }
}

impl Secrets for FileSecrets {
    async fn read(&self, name: &str) -> Result<Option<Personal<String>>, PortError> {
        let all = self.all();
        let mut all = all.map_err(|error| PortError::invalid("read a secret", error))?;
        Ok(all.remove(name))
    }

    fn how_to_set(&self, name: &str) -> String {
        let variable = name.to_uppercase().replace('-', "_");
        format!("write {variable}=… into {}", self.0.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_variables_and_secrets_are_not_repeated() {
        let folder = std::env::temp_dir().join(format!("wend-secrets-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let secrets = FileSecrets::of(&folder);
        assert_eq!(secrets.all().unwrap().len(), 0);
        let text = "# CRM\nHUBSPOT_TOKEN=pat-1\nCRM_KEY=\"whsec_a whsec_b\"\n";
        std::fs::write(folder.join(FILE), text).unwrap();
        let all = secrets.all().unwrap();
        std::fs::write(folder.join(FILE), "no secret at all hunter2\n").unwrap();
        let refused = secrets.all().unwrap_err().to_string();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(all["hubspot-token"].expose(), "pat-1");
        assert_eq!(all["crm-key"].expose(), "whsec_a whsec_b");
        assert!(!refused.contains("hunter2"), "{refused}");
        let how = secrets.how_to_set("hubspot-token");
        assert!(how.starts_with("write HUBSPOT_TOKEN=… into "), "{how}");
    }
}
