//! The opaque name of a flow.

use crate::secret::{PlainToken, RandomUnavailable, TokenHash};

/// What every flow's id begins with, so that it is known for what it is wherever it turns up.
const PREFIX: &str = "pcf_";

/// A flow's id: 256 random bits that its client holds. The store knows its hash only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowId(PlainToken);

impl FlowId {
    /// Reads what a client sent; `None` if no flow's id looks like that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        PlainToken::parse(PREFIX, text).map(Self)
    }

    pub(crate) fn generate() -> Result<Self, RandomUnavailable> {
        Ok(Self(PlainToken::generate()?.behind(PREFIX)))
    }

    /// The id, to give to the client.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What the store knows of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        self.0.hash()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_256_bits_and_a_prefix_of_its_own() {
        let id = FlowId::generate().unwrap();
        assert_eq!(FlowId::parse(id.expose()), Some(id.clone()));
        assert_ne!(FlowId::generate().unwrap(), id);
        assert!(!format!("{id:?}").contains(id.expose()));
        let secret = "A".repeat(43);
        for bad in ["", "pcf_", &secret, &format!("PCF_{secret}"), &format!("pcr_{secret}"), &format!("pcf_{secret}A")]
        {
            assert_eq!(FlowId::parse(bad), None, "{bad}");
        }
    }
}
