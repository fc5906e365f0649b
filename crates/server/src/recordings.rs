//! Recordings for the API, and for what a crash left of them: files below the data folder.

use std::io::SeekFrom;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use api::ports::{ByteStream, FileFacts, NewFile, PortError, RecordingFiles, RecordingSource};
use async_trait::async_trait;
use bytes::Bytes;
use domain::Timestamp;
use futures_util::TryStreamExt as _;
use media::wav;
use operations::{RecordedAudio, RecordedFiles, StoreError};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use crate::voice::recorder::path_of;

/// Read in pieces of this size.
const PIECE_BYTES: u64 = 64 * 1024;
/// A file written to within this time is taken to be growing.
const GROWING: Duration = Duration::from_secs(2);

/// The files of recordings, in a folder.
#[derive(Debug)]
pub struct RecordingFolder {
    /// What storage keys are relative to.
    pub root: PathBuf,
}

impl RecordingFolder {
    fn path(&self, key: &str) -> Result<PathBuf, PortError> {
        path_of(&self.root, key).ok_or(PortError::NotFound)
    }
}

fn port_error(error: &std::io::Error) -> PortError {
    match error.kind() {
        std::io::ErrorKind::NotFound => PortError::NotFound,
        _ => PortError::Unavailable(error.to_string()),
    }
}

#[async_trait]
impl RecordingFiles for RecordingFolder {
    async fn facts(&self, storage_key: &str) -> Result<FileFacts, PortError> {
        let metadata = tokio::fs::metadata(self.path(storage_key)?).await.map_err(|error| port_error(&error))?;
        let modified = metadata.modified().map_err(|error| port_error(&error))?;
        let growing = modified.elapsed().is_ok_and(|age| age < GROWING);
        let modified_at = Timestamp::from_epoch(modified.duration_since(UNIX_EPOCH).unwrap_or_default());
        Ok(FileFacts { bytes: metadata.len(), growing, modified_at })
    }

    async fn read(&self, storage_key: &str, offset: u64, length: u64) -> Result<ByteStream, PortError> {
        let mut file = tokio::fs::File::open(self.path(storage_key)?).await.map_err(|error| port_error(&error))?;
        file.seek(SeekFrom::Start(offset)).await.map_err(|error| port_error(&error))?;
        let pieces = futures_util::stream::try_unfold((file, length), |(mut file, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let mut piece = vec![0; usize::try_from(left.min(PIECE_BYTES)).unwrap_or(0)];
            let read = file.read(&mut piece).await?;
            if read == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
            }
            piece.truncate(read);
            Ok(Some((Bytes::from(piece), (file, left - read as u64))))
        });
        Ok(Box::pin(pieces))
    }

    async fn create(&self, storage_key: &str) -> Result<Box<dyn NewFile>, PortError> {
        let path = path_of(&self.root, storage_key)
            .ok_or_else(|| PortError::Unavailable(format!("unusable storage key {storage_key}")))?;
        let away = |error: std::io::Error| PortError::Unavailable(format!("{}: {error}", path.display()));
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(away)?;
        }
        let file = tokio::fs::File::options().write(true).create_new(true).open(&path).await.map_err(away)?;
        Ok(Box::new(Written { file, path, is_whole: false }))
    }
}

/// A recording that comes from outside, on its way to the disk.
struct Written {
    file: tokio::fs::File,
    path: PathBuf,
    is_whole: bool,
}

#[async_trait]
impl NewFile for Written {
    async fn write(&mut self, piece: &[u8]) -> Result<(), PortError> {
        self.file.write_all(piece).await.map_err(|error| port_error(&error))
    }

    async fn sync(&mut self) -> Result<(), PortError> {
        self.file.flush().await.map_err(|error| port_error(&error))?;
        self.file.sync_all().await.map_err(|error| port_error(&error))
    }

    fn keep(mut self: Box<Self>) {
        self.is_whole = true;
    }
}

impl Drop for Written {
    /// Also when whoever sent it went away: then the request is dropped where it stood.
    fn drop(&mut self) {
        if !self.is_whole
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "part of a recording was left behind");
        }
    }
}

#[async_trait]
impl RecordedFiles for RecordingFolder {
    async fn recorded(&self, storage_key: &str) -> Result<Option<RecordedAudio>, StoreError> {
        let path = path_of(&self.root, storage_key).ok_or_else(|| StoreError::failed("unusable storage key"))?;
        let away = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", path.display()));
        let file = match tokio::fs::File::open(&path).await {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(away(error)),
        };
        let bytes = file.metadata().await.map_err(away)?.len();
        let mut beginning = Vec::with_capacity(wav::MEASURED_OCTETS);
        file.take(wav::MEASURED_OCTETS as u64).read_to_end(&mut beginning).await.map_err(away)?;
        let duration_ms = wav::measure(&beginning, bytes).map_err(StoreError::failed)?;
        Ok(Some(RecordedAudio { duration_ms, bytes }))
    }
}

/// Recordings at other media servers.
#[derive(Debug)]
pub struct Elsewhere(pub providers::RecordingHosts);

#[async_trait]
impl RecordingSource for Elsewhere {
    async fn open(&self, url: &str) -> Result<ByteStream, PortError> {
        let response = self.0.open(url).await.map_err(|error| PortError::Unavailable(error.to_string()))?;
        let pieces = response.bytes_stream();
        Ok(Box::pin(pieces.map_err(|error| std::io::Error::other(error.without_url().to_string()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tells_what_a_crash_left() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let files = RecordingFolder { root: folder.path().to_owned() };
        let file = std::fs::File::create(folder.path().join("cut.wav"))?;
        let mut writer = wav::Writer::new(file, wav::Encoding::Pcm16, 2)?;
        writer.append(&[7; 2 * 1_600])?;
        // Never finished.
        drop(writer);
        let found = files.recorded("cut.wav").await?;
        assert_eq!(found, Some(RecordedAudio { duration_ms: 200, bytes: 58 + 6_400 }));
        assert_eq!(files.recorded("never.wav").await?, None);
        std::fs::write(folder.path().join("torn.wav"), b"RIFF")?;
        assert!(files.recorded("torn.wav").await.is_err_and(|error| !error.is_transient()));
        Ok(())
    }

    #[tokio::test]
    async fn what_comes_from_outside_is_whole_or_not_there() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let files = RecordingFolder { root: folder.path().to_owned() };
        let path = folder.path().join("recordings/a.wav");
        let mut file = files.create("recordings/a.wav").await?;
        file.write(b"half").await?;
        drop(file);
        assert!(!path.exists());
        let mut file = files.create("recordings/a.wav").await?;
        file.write(b"one").await?;
        file.write(b" two").await?;
        file.sync().await?;
        file.keep();
        assert!(files.create("recordings/a.wav").await.is_err(), "what is there stays");
        assert_eq!(std::fs::read(&path)?, b"one two");
        assert!(files.create("../a.wav").await.is_err());
        Ok(())
    }
}
