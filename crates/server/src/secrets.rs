//! Secrets the platform makes for itself: made once, kept in the data folder, readable by its user only.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::Context as _;

/// 32 bytes from the operating system.
pub fn entropy() -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no entropy from the operating system: {error}"))?;
    Ok(bytes)
}

/// 32 bytes as 64 hexadecimal digits.
pub fn from_hex(text: &str) -> Option<[u8; 32]> {
    sip::seal::from_hex(text.trim().as_bytes(), 32).and_then(|bytes| bytes.try_into().ok())
}

/// The secret of this name, made at its first use.
pub fn keep(data: &Path, name: &str) -> anyhow::Result<[u8; 32]> {
    let folder = data.join("secrets");
    fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    let path = folder.join(name);
    if !path.exists() {
        let hex = sip::seal::to_hex(&entropy()?);
        write_private(&path, hex.as_bytes())?;
    }
    let text = fs::read(&path).with_context(|| format!("{}", path.display()))?;
    std::str::from_utf8(&text)
        .ok()
        .and_then(from_hex)
        .with_context(|| format!("{} is damaged; delete it to have a new one made", path.display()))
}

/// Writes a file only our user can read, whole or not at all.
pub fn write_private(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let draft = path.with_extension("draft");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .with_context(|| format!("{}", draft.display()))?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&draft, path).with_context(|| format!("{}", path.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_private() {
        let data = std::env::temp_dir().join(format!("hopwhistle-secrets-{}", std::process::id()));
        let first = keep(&data, "verdict").unwrap();
        assert_eq!(keep(&data, "verdict").unwrap(), first);
        assert_ne!(keep(&data, "other").unwrap(), first);
        let mode = fs::metadata(data.join("secrets/verdict")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(data.join("secrets/verdict"), "zz").unwrap();
        assert!(keep(&data, "verdict").unwrap_err().to_string().contains("damaged"));
        fs::remove_dir_all(data).unwrap();
    }
}
