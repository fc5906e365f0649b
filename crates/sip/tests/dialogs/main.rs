//! Dialogs from both sides.

#[cfg(test)]
mod rules;
