//! Events that wait for the store in a file of this machine: a line of JSON each, appended and synced, bounded.

use std::{
    borrow::Cow,
    io::SeekFrom,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use domain::CallEvent;
use operations::{Journal, JournalError};
use serde::{Deserialize, Serialize};
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader},
    sync::Mutex,
};

/// Longest line read back: beyond any event.
const LINE_BYTES_MAX: u64 = 4 * 1_024 * 1_024;

/// A journal in a file.
#[derive(Debug)]
pub struct FileJournal {
    state: Mutex<State>,
    /// Beside the journal: what the store refuses.
    refused: PathBuf,
    bytes_max: u64,
    is_empty: AtomicBool,
}

/// A line of the file beside the journal.
#[derive(Serialize, Deserialize)]
struct Refused<'e> {
    reason: String,
    event: Cow<'e, CallEvent>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// Everything before it has reached the log. Not kept on disk: after a restart all of it is replayed, which changes nothing.
    done: u64,
    end: u64,
}

impl FileJournal {
    /// Opens or makes the file. A line cut short by a crash is dropped: whoever wrote it was never told that it is kept.
    pub async fn open(path: &Path, bytes_max: u64) -> Result<Self, JournalError> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).await?;
        let end = whole_lines(&mut file).await?;
        file.set_len(end).await?;
        let refused = path.with_extension("refused");
        Ok(Self {
            state: Mutex::new(State { file, done: 0, end }),
            refused,
            bytes_max,
            is_empty: AtomicBool::new(end == 0),
        })
    }
}

async fn whole_lines(file: &mut File) -> std::io::Result<u64> {
    let mut reader = BufReader::new(file);
    let (mut end, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let read = (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok(end);
        }
        end += read as u64;
    }
}

#[async_trait]
impl Journal for FileJournal {
    async fn keep(&self, events: &[CallEvent]) -> Result<(), JournalError> {
        let mut lines = Vec::new();
        for event in events {
            serde_json::to_writer(&mut lines, event).map_err(std::io::Error::from)?;
            lines.push(b'\n');
        }
        let mut state = self.state.lock().await;
        let bytes = state.end + lines.len() as u64;
        if bytes > self.bytes_max {
            return Err(JournalError::Full { bytes: state.end, bytes_max: self.bytes_max });
        }
        let end = state.end;
        state.file.seek(SeekFrom::Start(end)).await?;
        state.file.write_all(&lines).await?;
        state.file.flush().await?;
        state.file.sync_data().await?;
        state.end = bytes;
        self.is_empty.store(false, Ordering::Release);
        Ok(())
    }

    async fn oldest(&self, count_max: usize) -> Result<(Vec<CallEvent>, u64), JournalError> {
        let mut state = self.state.lock().await;
        let (mut position, end) = (state.done, state.end);
        state.file.seek(SeekFrom::Start(position)).await?;
        let mut reader = BufReader::new(&mut state.file);
        let (mut events, mut line) = (Vec::new(), Vec::new());
        while events.len() < count_max && position < end {
            line.clear();
            let read = (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
            if read == 0 {
                break;
            }
            position += read as u64;
            match serde_json::from_slice(&line) {
                Ok(event) => events.push(event),
                // Nothing better can be done with it than to say so: it would stand in the way of all others.
                Err(error) => tracing::error!(%error, position, "a line of the journal is no event"),
            }
        }
        Ok((events, position))
    }

    async fn forget(&self, position: u64) -> Result<(), JournalError> {
        let mut state = self.state.lock().await;
        state.done = position.min(state.end);
        if state.done == state.end {
            state.file.set_len(0).await?;
            (state.done, state.end) = (0, 0);
            self.is_empty.store(true, Ordering::Release);
        }
        Ok(())
    }

    async fn set_aside(&self, event: &CallEvent, reason: &str) -> Result<(), JournalError> {
        // One after the other, and not while they are read back.
        let _state = self.state.lock().await;
        let refused = Refused { reason: reason.to_owned(), event: Cow::Borrowed(event) };
        let mut line = serde_json::to_vec(&refused).map_err(std::io::Error::from)?;
        line.push(b'\n');
        let mut file = OpenOptions::new().append(true).create(true).open(&self.refused).await?;
        let bytes = file.metadata().await?.len();
        if bytes + line.len() as u64 > self.bytes_max {
            return Err(JournalError::Full { bytes, bytes_max: self.bytes_max });
        }
        file.write_all(&line).await?;
        file.flush().await?;
        Ok(file.sync_data().await?)
    }

    async fn reconsider(&self) -> Result<usize, JournalError> {
        let lines = match tokio::fs::read(&self.refused).await {
            Ok(lines) => lines,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error.into()),
        };
        let mut events = Vec::new();
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Refused<'_>>(line) {
                Ok(refused) => events.push(refused.event.into_owned()),
                // A line cut short: whoever wrote it was never told that it is kept.
                Err(error) => tracing::error!(%error, "a line beside the journal is no event"),
            }
        }
        // A crash between the two repeats events, which changes nothing.
        self.keep(&events).await?;
        tokio::fs::remove_file(&self.refused).await?;
        Ok(events.len())
    }

    fn is_empty(&self) -> bool {
        self.is_empty.load(Ordering::Acquire)
    }
}
