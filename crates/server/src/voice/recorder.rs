//! Writes recordings while the call runs, so that a crash keeps what was said. The one thread of the voice path that
//! touches the disk.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use media::RecordingKey;
use media::event::RecordingChunk;
use media::wav::{Encoding, Writer};

/// Orders that may wait for the disk before audio is dropped: a second of a few thousand recordings. Beginnings and ends wait beyond
/// it, so that no recording is lost; there are no more of them than recorded calls.
const ORDERS_MAX: usize = 16_384;
/// Audio that may be missing before a gap is taken for a fault and the recording is ended, in samples: ten minutes.
const GAP_SAMPLES_MAX: u64 = 8_000 * 600;

/// What the disk is asked to do.
#[derive(Debug)]
pub enum Order {
    /// A new recording under this storage key, relative to the recordings' root.
    Begin { recording: RecordingKey, key: String, channels: u16 },
    /// Its next piece.
    Chunk(RecordingChunk),
    /// Its end; answered.
    Finish { recording: RecordingKey },
}

/// What became of a recording: length in milliseconds and size in bytes, or what went wrong.
#[derive(Debug)]
pub struct Stored {
    pub recording: RecordingKey,
    pub outcome: Result<(u64, u64), String>,
}

/// The door to the thread. Dropped, the thread ends after it has written what is queued.
#[derive(Clone, Debug)]
pub struct Recorder {
    orders: Sender<Order>,
}

impl Recorder {
    /// Starts the thread. `answer` is called on it for every finished recording.
    pub fn start(root: PathBuf, answer: impl Fn(Stored) + Send + 'static) -> io::Result<(Self, JoinHandle<()>)> {
        let (orders, queue) = unbounded();
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || Disk { root, open: HashMap::new() }.run(&queue, &answer))?;
        Ok((Self { orders }, thread))
    }

    /// Hands an order over. False when the disk is too slow and a chunk was dropped, which becomes silence.
    pub fn give(&self, order: Order) -> bool {
        let dropped = matches!(order, Order::Chunk(_)) && self.orders.len() >= ORDERS_MAX;
        !dropped && self.orders.send(order).is_ok()
    }
}

struct Disk {
    root: PathBuf,
    open: HashMap<RecordingKey, Open>,
}

struct Open {
    writer: Writer<File>,
    failure: Option<String>,
}

impl Disk {
    fn run(mut self, orders: &Receiver<Order>, answer: &dyn Fn(Stored)) {
        loop {
            match orders.recv_timeout(Duration::from_secs(1)) {
                Ok(Order::Begin { recording, key, channels }) => {
                    if let Err(error) = self.begin(recording, &key, channels) {
                        tracing::error!(%key, %error, "recording not begun");
                        answer(Stored { recording, outcome: Err(error.to_string()) });
                    }
                }
                Ok(Order::Chunk(chunk)) => self.append(&chunk),
                Ok(Order::Finish { recording }) => {
                    if let Some(open) = self.open.remove(&recording) {
                        answer(Stored { recording, outcome: finish(open) });
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        for (_, open) in self.open.drain() {
            let _ = finish(open);
        }
    }

    fn begin(&mut self, recording: RecordingKey, key: &str, channels: u16) -> io::Result<()> {
        let path = path_of(&self.root, key).ok_or_else(|| io::Error::other("unusable storage key"))?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = File::options().write(true).create_new(true).open(path)?;
        let writer = Writer::new(file, Encoding::Pcm16, channels)?;
        self.open.insert(recording, Open { writer, failure: None });
        Ok(())
    }

    fn append(&mut self, chunk: &RecordingChunk) {
        let Some(open) = self.open.get_mut(&chunk.recording) else { return };
        if open.failure.is_some() {
            return;
        }
        let gap = chunk.position.saturating_sub(open.writer.frames());
        let written = if gap > GAP_SAMPLES_MAX {
            Err(io::Error::other("gap in the recording"))
        } else {
            open.writer.append_silence(gap).and_then(|()| open.writer.append(&chunk.samples))
        };
        if let Err(error) = written {
            tracing::error!(%error, "recording not written");
            open.failure = Some(error.to_string());
        }
    }
}

fn finish(open: Open) -> Result<(u64, u64), String> {
    let (frames, bytes) = (open.writer.frames(), open.writer.size());
    let finished = open.writer.finish();
    match (open.failure, finished) {
        (Some(failure), _) => Err(failure),
        (None, Err(error)) => Err(error.to_string()),
        (None, Ok(_)) => Ok((frames / 8, bytes)),
    }
}

/// The file of a storage key: below `root`, whatever the key says.
pub fn path_of(root: &Path, key: &str) -> Option<PathBuf> {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    key.split('/').all(plain).then(|| root.join(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_disk_costs_audio_and_no_recording() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        // The disk stands still while the first answer is given.
        let (recorder, thread) = Recorder::start(folder.path().to_owned(), move |stored| {
            let _ = tell.send(stored);
            let _ = held.recv();
        })?;
        recorder.give(Order::Begin { recording: RecordingKey(1), key: "../unusable".into(), channels: 1 });
        assert!(told.recv().is_ok_and(|stored| stored.outcome.is_err()));
        recorder.give(Order::Begin { recording: RecordingKey(2), key: "a.wav".into(), channels: 1 });
        let chunk = |index: u64| RecordingChunk {
            recording: RecordingKey(2),
            layout: media::command::RecordingLayout::Mono,
            position: index * 8,
            samples: Box::new([1; 8]),
        };
        let taken = (0..ORDERS_MAX as u64 + 100).filter(|index| recorder.give(Order::Chunk(chunk(*index)))).count();
        assert_eq!(taken, ORDERS_MAX - 1);
        assert!(recorder.give(Order::Begin { recording: RecordingKey(3), key: "b.wav".into(), channels: 1 }));
        assert!(recorder.give(Order::Finish { recording: RecordingKey(2) }));
        assert!(recorder.give(Order::Finish { recording: RecordingKey(3) }));
        drop(hold);
        let outcomes: Vec<_> =
            told.iter().take(2).map(|stored| stored.outcome.map(|(milliseconds, _)| milliseconds)).collect();
        assert_eq!(outcomes, [Ok(taken as u64), Ok(0)]);
        drop(recorder);
        assert!(thread.join().is_ok());
        Ok(())
    }

    #[test]
    fn keys_stay_below_the_root() {
        let root = Path::new("/data");
        assert_eq!(path_of(root, "recordings/2026/a-b.wav"), Some(PathBuf::from("/data/recordings/2026/a-b.wav")));
        for key in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a\\b", ".hidden", "a/.b", "a b"] {
            assert_eq!(path_of(root, key), None, "{key}");
        }
    }
}
