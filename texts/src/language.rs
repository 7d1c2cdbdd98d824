//! The languages that Causerie speaks.

/// The language of the page, which is chosen when it is compiled.
pub const LANGUAGE: Language =
    if cfg!(feature = "vietnamese") { Language::Vietnamese } else { Language::English };

/// A language of Causerie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, the fallback.
    #[default]
    English,
    /// Vietnamese.
    Vietnamese,
}

impl Language {
    /// Every language.
    pub const ALL: &'static [Self] = &[Self::English, Self::Vietnamese];

    /// The language of a BCP 47 tag, such as `vi` or `en-GB`, or of a POSIX locale, such as `vi_VN.UTF-8`.
    ///
    /// `None` for other languages, so that the caller can try the person's next one.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_', '.', '@']).next().unwrap_or_default();
        Self::ALL.iter().copied().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// Its BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Vietnamese => "vi",
        }
    }

    /// The language's own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Vietnamese => "Tiếng Việt",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_language_with_or_without_a_region() {
        for (tag, language) in [
            ("vi", Some(Language::Vietnamese)),
            ("vi-VN", Some(Language::Vietnamese)),
            ("VI", Some(Language::Vietnamese)),
            ("vi_VN.UTF-8", Some(Language::Vietnamese)),
            ("en-GB", Some(Language::English)),
            ("fr", None),
            ("vie", None),
            ("C.UTF-8", None),
            ("", None),
        ] {
            assert_eq!(Language::from_tag(tag), language, "{tag:?}");
        }
    }
}
