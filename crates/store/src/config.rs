//! Where the data is and how much may be under way.

/// Settings of the store.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `sqlite:///var/lib/hopwhistle/hopwhistle.db` (made when missing) or `postgres://user@host/database`
    /// (made when missing, where the user may).
    pub url: String,
    /// Connections that read. Writing has one of its own.
    pub readers: u32,
    /// Writes waiting for the writer; beyond it a write is refused as unavailable, which pushes back on whoever sends.
    pub queue_max: usize,
    /// Writes committed together.
    pub batch_max: usize,
    /// A commit returns when the disk has it (true), or when the operating system has it (false): then a power cut, not a
    /// killed process, may take the last moments.
    pub survive_power_cut: bool,
    /// Calls whose fold is kept in memory while they run; beyond it they are folded from the log again.
    pub calls_cached_max: usize,
    /// Updates a slow live subscriber may be behind before it loses the oldest.
    pub live_buffer: usize,
    /// Draws for ids.
    pub seed: [u8; 32],
}

impl StoreConfig {
    /// The defaults for this URL and seed.
    pub fn new(url: impl Into<String>, seed: [u8; 32]) -> Self {
        Self {
            url: url.into(),
            readers: 4,
            queue_max: 10_000,
            batch_max: 1_000,
            survive_power_cut: true,
            calls_cached_max: 20_000,
            live_buffer: 4_096,
            seed,
        }
    }
}
