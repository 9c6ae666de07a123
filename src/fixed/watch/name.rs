//! What parts are called.

use core::fmt;

/// What a part is called: a name, within a namespace if it has one. A name is unique within its namespace.
///
/// What takes a name takes text, or a pair of namespace and name:
///
/// ```
/// use larder::manager::Name;
///
/// assert_eq!(Name::from("routes").to_string(), "routes");
/// assert_eq!(Name::from(("net", "routes")).to_string(), "net/routes");
/// ```
///
/// It is printed with a slash between the two, and neither of them is kept from having one itself: that is for people to read.
/// Names are in the order of their namespaces, and those without one come first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Name<S> {
    /// The namespace; empty if it has none.
    pub namespace: S,
    /// The name.
    pub name: S,
}

impl<S: AsRef<str>> Name<S> {
    /// The same, borrowed.
    pub fn borrowed(&self) -> Name<&str> {
        Name { namespace: self.namespace.as_ref(), name: self.name.as_ref() }
    }
}

impl<'a, S: AsRef<str> + ?Sized> From<&'a S> for Name<&'a str> {
    fn from(name: &'a S) -> Self {
        Self { namespace: "", name: name.as_ref() }
    }
}

impl<'a, S: AsRef<str> + ?Sized, T: AsRef<str> + ?Sized> From<(&'a S, &'a T)> for Name<&'a str> {
    fn from((namespace, name): (&'a S, &'a T)) -> Self {
        Self { namespace: namespace.as_ref(), name: name.as_ref() }
    }
}

impl<S: AsRef<str>> fmt::Display for Name<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Name { namespace, name } = self.borrowed();
        if !namespace.is_empty() {
            f.write_str(namespace)?;
            f.write_str("/")?;
        }
        f.write_str(name)
    }
}
