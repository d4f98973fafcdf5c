//! Bodies that hold secrets.

/// Gives types a `Debug` that tells their names, and nothing of what is in them.
macro_rules! hidden_in_debug {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}

pub(super) use hidden_in_debug;
