//! The tracker that both users share: who puts in, takes out, lets go of and cleans up what.

use crate::ledger::{Call, LEDGER};
use crate::shared::SESSIONS;
use crate::user::Place;
use larder::tracker::{Finalizer, Handle, Id, Inline, Removed, Tracker, Tracking};

/// Fewer than the users want together.
pub const ROOM: usize = 4;

pub type Sessions = Tracker<Session, Inline<ROOM>, Tracking<Close>>;

/// What is tracked: it notices how it ends.
pub struct Session {
    pattern: u32,
    is_over: bool,
}

impl Session {
    fn new(pattern: u32) -> Self {
        LEDGER.sessions_made.add(1);
        Self { pattern, is_over: false }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        assert!(self.is_over, "a session was dropped before its end");
        LEDGER.sessions_dropped.add(1);
    }
}

/// What becomes of sessions that nobody holds.
pub struct Close;

impl Finalizer<Session> for Close {
    fn finalize(&self, session: &mut Session) {
        assert!(!session.is_over, "a session ends twice");
        session.is_over = true;
        LEDGER.sessions_closed.add(1);
    }
}

/// One of the two users.
pub struct Visitor {
    place: Place,
    held: Option<(Handle<&'static Sessions>, u32)>,
    kept: Option<(Id, u32)>,
}

impl Visitor {
    pub const fn new(place: Place) -> Self {
        Self { place, held: None, kept: None }
    }

    pub fn work(&mut self, dice: u32) {
        match dice % 8 {
            0..=2 => self.change_held(dice >> 3),
            3 => self.change_kept(dice >> 3),
            4..=6 => self.look_up(),
            _ => drop(self.place.call(Call::Drain, || SESSIONS.drain(1))),
        }
        assert!(SESSIONS.stats().live <= ROOM, "more sessions than room");
    }

    fn change_held(&mut self, dice: u32) {
        if let Some((handle, pattern)) = self.held.take() {
            assert_eq!(handle.pattern, pattern, "another's session");
            if dice % 4 != 0 {
                return self.place.call(Call::EndHandle, || drop(handle));
            }
            return hand_back(self.place.call(Call::TakeOut, || Handle::untrack(handle)), pattern);
        }
        match self.place.call(Call::Track, || SESSIONS.track(Session::new(dice))) {
            Ok(handle) => self.held = Some((handle, dice)),
            Err(full) => end(full.into_inner()),
        }
    }

    fn change_kept(&mut self, dice: u32) {
        if let Some((id, pattern)) = self.kept.take() {
            return hand_back(self.place.call(Call::TakeOut, || SESSIONS.remove(id)), pattern);
        }
        match self.place.call(Call::Track, || SESSIONS.insert(Session::new(dice))) {
            Ok(id) => self.kept = Some((id, dice)),
            Err(full) => end(full.into_inner()),
        }
    }

    fn look_up(&self) {
        let Some((id, pattern)) = self.kept else { return };
        // Several times: these are the shortest calls of all, and an interrupt seldom lands in one.
        for _ in 0..4 {
            let found = self.place.call(Call::Upgrade, || SESSIONS.get(id));
            let handle = found.expect("only its user takes it out");
            assert_eq!(handle.pattern, pattern, "another's session");
            self.place.call(Call::EndHandle, || drop(handle));
        }
    }

    pub fn let_go(&mut self) {
        drop(self.held.take());
        if let Some((id, pattern)) = self.kept.take() {
            hand_back(SESSIONS.remove(id), pattern);
        }
    }
}

/// What was taken out is over without its finalizer. (The other user may have looked at it, by the name of what was there before.)
fn hand_back(removed: Removed<Session>, pattern: u32) {
    match removed {
        Removed::Value(session) => {
            assert_eq!(session.pattern, pattern, "another's session");
            LEDGER.sessions_handed_back.add(1);
            end(session);
        }
        Removed::InUse => {}
        Removed::Absent => panic!("a session is lost"),
    }
}

fn end(mut session: Session) {
    session.is_over = true;
}
