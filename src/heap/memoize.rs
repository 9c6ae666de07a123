//! Arguments of memoized functions whose owned form is on the heap.

use crate::key::ToKey;
use alloc::borrow::ToOwned;
use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::CStr;

impl ToKey for str {
    type Key = String;

    fn to_key(&self) -> String {
        self.to_owned()
    }
}

impl<T: Clone> ToKey for [T] {
    type Key = Vec<T>;

    fn to_key(&self) -> Vec<T> {
        self.to_vec()
    }
}

impl ToKey for CStr {
    type Key = CString;

    fn to_key(&self) -> CString {
        self.to_owned()
    }
}
