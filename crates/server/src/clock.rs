//! The only place that reads a clock.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering, fence};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::Timestamp;

/// How often the clock is compared with the machine's wall clock.
const COMPARE_EVERY: Duration = Duration::from_secs(16);
/// Most a second is stretched or shortened, in millionths: what NTP allows itself, and far from turning time around.
const RATE_MAX_PPM: i64 = 500;
/// A wall clock so far ahead is followed at once, as after the machine slept. One that is behind is always approached slowly.
const STEP_MICROS: i64 = 1_000_000;

/// Wall time that never goes backwards: read once at the start, advanced by the monotonic clock, and led slowly to the wall clock where
/// the two drift apart, so that a process may run for months.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    started_at: Timestamp,
}

/// The correction of this process, written by one task and read by every thread.
static STEERING: Steering =
    Steering { version: AtomicU64::new(0), from: AtomicU64::new(0), micros: AtomicI64::new(0), ppm: AtomicI64::new(0) };

impl Clock {
    /// Starts the clock.
    #[expect(clippy::disallowed_methods, reason = "this is the clock everybody else is given")]
    pub fn start() -> Self {
        Self { started: Instant::now(), started_at: wall() }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        let elapsed = self.started.elapsed();
        let correction = STEERING.course().at(micros(elapsed));
        let now = self.started_at.after(elapsed);
        Timestamp::from_micros(now.micros().saturating_add(correction))
    }

    /// Keeps the clock with the machine's wall clock. One such task a process.
    pub async fn follow_wall_clock(self) {
        loop {
            tokio::time::sleep(COMPARE_EVERY).await;
            let elapsed = micros(self.started.elapsed());
            let error = wall().micros().saturating_sub(self.now().micros());
            if error.abs() >= STEP_MICROS {
                tracing::warn!(error_ms = error / 1_000, "the wall clock was set; following it");
            }
            STEERING.set(STEERING.course().steered(elapsed, error, COMPARE_EVERY));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock everybody else is given")]
fn wall() -> Timestamp {
    Timestamp::from_epoch(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A correction that grows or shrinks evenly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Course {
    /// Microseconds since the clock's start from which on it holds.
    from: u64,
    /// The correction then, in microseconds.
    micros: i64,
    /// Its change since, in microseconds a second.
    ppm: i64,
}

impl Course {
    /// The correction so many microseconds after the start.
    fn at(self, elapsed: u64) -> i64 {
        let since = i64::try_from(elapsed.saturating_sub(self.from)).unwrap_or(i64::MAX);
        self.micros.saturating_add(since.saturating_mul(self.ppm) / 1_000_000)
    }

    /// The course from now on, where the wall clock is `error` microseconds ahead and is looked at again after `period`.
    fn steered(self, elapsed: u64, error: i64, period: Duration) -> Self {
        let micros = self.at(elapsed);
        if error >= STEP_MICROS {
            return Self { from: elapsed, micros: micros.saturating_add(error), ppm: 0 };
        }
        let seconds = i64::try_from(period.as_secs()).unwrap_or(1).max(1);
        Self { from: elapsed, micros, ppm: (error / seconds).clamp(-RATE_MAX_PPM, RATE_MAX_PPM) }
    }
}

/// A course that is read without waiting: a reader who meets a writer looks once more.
#[derive(Debug)]
struct Steering {
    /// Odd while the rest is being written.
    version: AtomicU64,
    from: AtomicU64,
    micros: AtomicI64,
    ppm: AtomicI64,
}

impl Steering {
    fn course(&self) -> Course {
        loop {
            let before = self.version.load(Ordering::Acquire);
            let course = Course {
                from: self.from.load(Ordering::Relaxed),
                micros: self.micros.load(Ordering::Relaxed),
                ppm: self.ppm.load(Ordering::Relaxed),
            };
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == before {
                return course;
            }
            std::hint::spin_loop();
        }
    }

    fn set(&self, course: Course) {
        self.version.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::Release);
        self.from.store(course.from, Ordering::Relaxed);
        self.micros.store(course.micros, Ordering::Relaxed);
        self.ppm.store(course.ppm, Ordering::Relaxed);
        self.version.fetch_add(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: u64 = 16_000_000;

    /// Runs the loop against a wall clock; answers the last error and the most that time ever stood back.
    fn follow(periods: u64, wall: impl Fn(u64) -> i64) -> (i64, i64) {
        let (mut course, mut last, mut back, mut error) = (Course::default(), i64::MIN, 0, 0);
        for period in 1..=periods {
            for tenth in 0..10 {
                let elapsed = (period - 1) * PERIOD + tenth * PERIOD / 10;
                let now = elapsed.cast_signed() + course.at(elapsed);
                back = back.max(last.saturating_sub(now));
                last = now;
            }
            let elapsed = period * PERIOD;
            error = wall(elapsed) - (elapsed.cast_signed() + course.at(elapsed));
            course = course.steered(elapsed, error, COMPARE_EVERY);
        }
        (error, back)
    }

    #[test]
    fn a_drift_of_months_stays_within_milliseconds() {
        for ppm in [-80, 80] {
            let (error, back) = follow(500_000, |elapsed| elapsed.cast_signed() * (1_000_000 + ppm) / 1_000_000);
            assert!(error.abs() < 5_000, "{ppm}: {error} us");
            assert!(back <= 0, "{ppm}: time went back by {back} us");
        }
    }

    #[test]
    fn a_wall_clock_set_forward_is_followed_and_one_set_back_is_approached() {
        let (error, back) =
            follow(20, |elapsed| elapsed.cast_signed() + if elapsed > 5 * PERIOD { 3_600_000_000 } else { 0 });
        assert_eq!((error, back <= 0), (0, true));
        let set_back = |elapsed: u64| elapsed.cast_signed() - if elapsed > 5 * PERIOD { 400_000 } else { 0 };
        let (early, back) = follow(20, set_back);
        assert!(early < -200_000 && back <= 0, "{early} {back}");
        assert!(follow(200, set_back).0.abs() < 5_000);
    }

    #[test]
    fn readers_see_whole_courses() {
        let steering = Steering {
            version: AtomicU64::new(0),
            from: AtomicU64::new(0),
            micros: AtomicI64::new(0),
            ppm: AtomicI64::new(0),
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in 1..200_000_u64 {
                    steering.set(Course { from: number, micros: number.cast_signed(), ppm: number.cast_signed() });
                }
            });
            for _ in 0..200_000 {
                let Course { from, micros, ppm } = steering.course();
                assert!(from.cast_signed() == micros && micros == ppm, "{from} {micros} {ppm}");
            }
        });
    }
}
