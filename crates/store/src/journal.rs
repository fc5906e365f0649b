//! Events that wait for the store in a file of this machine: a line of JSON each, appended and synced, bounded.

use std::{
    io::SeekFrom,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use domain::CallEvent;
use operations::{Journal, JournalError};
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
    bytes_max: u64,
    is_empty: AtomicBool,
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
        Ok(Self { state: Mutex::new(State { file, done: 0, end }), bytes_max, is_empty: AtomicBool::new(end == 0) })
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

    fn is_empty(&self) -> bool {
        self.is_empty.load(Ordering::Acquire)
    }
}
