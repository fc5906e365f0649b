//! A line to another program that can be cut and mended: what a network does, at the moment a test wants it.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Carries TCP connections to one address until it is cut.
#[derive(Debug)]
pub struct Line {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    is_cut: AtomicBool,
    ends: Mutex<Vec<TcpStream>>,
}

impl Line {
    /// A line to `target`, `host:port`. It lasts as long as the process.
    ///
    /// # Errors
    /// No port is free.
    pub fn to(target: String) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State::default());
        let carrying = state.clone();
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                // Whoever calls while the line is cut hears it break off at once.
                if carrying.is_cut.load(Ordering::SeqCst) {
                    continue;
                }
                if let Ok(far) = TcpStream::connect(&target) {
                    let _ = carrying.carry(near, far);
                }
            }
        });
        Ok(Self { port, state })
    }

    /// Where it begins, on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Breaks every connection off and lets none through.
    pub fn cut(&self) {
        self.state.is_cut.store(true, Ordering::SeqCst);
        for end in self.state.ends.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.state.is_cut.store(false, Ordering::SeqCst);
    }
}

impl State {
    fn carry(&self, near: TcpStream, far: TcpStream) -> io::Result<()> {
        for end in [&near, &far] {
            end.set_nodelay(true)?;
            self.ends.lock().unwrap_or_else(PoisonError::into_inner).push(end.try_clone()?);
        }
        let (near_again, far_again) = (near.try_clone()?, far.try_clone()?);
        thread::spawn(move || pass(near, far));
        thread::spawn(move || pass(far_again, near_again));
        Ok(())
    }
}

/// One direction; its end is the end of both.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
