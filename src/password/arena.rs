//! The memory that Argon2 fills: one piece, kept between hashes.

use argon2::Block;
use zeroize::Zeroize;

use super::HashError;

/// Room is asked for in at least this many blocks of 1 KiB, however few are used; the rest is never touched and so
/// never costs memory. The C library's allocator maps a piece of more than 32 MiB by itself and gives it back the
/// moment it is freed; smaller ones it keeps, many times over if several threads hash.
const LEAST_RESERVED: usize = 33 * 1024;

/// Memory for one hash at a time.
pub(super) struct Arena {
    /// How many blocks are worth keeping; what needs more gets memory for itself.
    size: usize,
    kept: Vec<Block>,
}

impl Arena {
    /// An arena for hashes of up to `size` blocks. It takes no memory before the first.
    pub(super) const fn new(size: usize) -> Self {
        Self { size, kept: Vec::new() }
    }

    /// Lends `count` blocks to `work`. What they hold beforehand means nothing.
    pub(super) fn lend<T>(&mut self, count: usize, work: impl FnOnce(&mut [Block]) -> T) -> Result<T, HashError> {
        if count > self.size {
            let mut once = Self { size: count, kept: allocate(count)? };
            return Ok(work(&mut once.kept));
        }
        if self.kept.is_empty() {
            self.kept = allocate(self.size)?;
        }
        self.kept.get_mut(..count).map(work).ok_or(HashError::OutOfMemory)
    }

    /// Wipes the memory and gives it back.
    pub(super) fn release(&mut self) {
        // Whoever could read these blocks could test guesses without paying for them.
        self.kept.iter_mut().zeroize();
        self.kept = Vec::new();
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        self.release();
    }
}

fn allocate(count: usize) -> Result<Vec<Block>, HashError> {
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(count.max(LEAST_RESERVED)).map_err(|_| HashError::OutOfMemory)?;
    blocks.resize(count, Block::new());
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_fits_is_kept_and_nothing_once_released() {
        let mut arena = Arena::new(16);
        assert_eq!(arena.lend(8, |blocks| blocks.len()).unwrap(), 8);
        assert_eq!(arena.kept.len(), 16);
        assert_eq!(arena.lend(32, |blocks| blocks.len()).unwrap(), 32);
        assert_eq!(arena.kept.len(), 16);
        arena.release();
        assert_eq!(arena.kept.capacity(), 0);
        assert_eq!(arena.lend(16, |blocks| blocks.len()).unwrap(), 16);
    }
}
