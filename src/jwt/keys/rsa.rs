//! What an RSA key must not be.

use super::KeyError;

/// Judges modulus and exponent, both big-endian without leading zeros.
pub(super) fn check(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyError> {
    if !(2048..=8192).contains(&bits(modulus)) {
        return Err(KeyError::RsaSize);
    }
    if exponent == [1] || exponent.last().is_none_or(|low| low % 2 == 0) {
        return Err(KeyError::RsaExponent);
    }
    if is_factorable(modulus) {
        return Err(KeyError::RsaFactorable);
    }
    Ok(())
}

fn bits(number: &[u8]) -> usize {
    let zeros = number.first().map_or(0, |high| high.leading_zeros() as usize);
    number.len() * 8 - zeros
}

/// The fingerprint of ROCA (Nemec and others, 2017): the generator made primes of the form `k·M + 65537^a mod M`, with
/// `M` a product of small primes, so that modulo each of those the modulus is a power of 65537. For a key made
/// otherwise to look like that by chance is one in about 2^27.
fn is_factorable(modulus: &[u8]) -> bool {
    const PRIMES: [u32; 38] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
        109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ];
    PRIMES.iter().all(|prime| {
        let rest = modulus.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        is_power_of_65537(rest, *prime)
    })
}

fn is_power_of_65537(rest: u32, prime: u32) -> bool {
    let step = 65537 % prime;
    let mut power = step;
    while power != rest && power != 1 {
        power = power * step % prime;
    }
    power == rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_are_told_apart_by_the_powers_of_65537() {
        let powers = |prime| (0..prime).filter(|rest| is_power_of_65537(*rest, prime)).collect::<Vec<_>>();
        assert_eq!(powers(11), [1, 10]);
        assert_eq!(powers(13), [1, 3, 4, 9, 10, 12]);
    }

    #[test]
    fn sizes_are_counted_in_bits() {
        assert_eq!(bits(&[0x80, 0]), 16);
        assert_eq!(bits(&[1, 0]), 9);
        assert_eq!(bits(&[]), 0);
    }
}
