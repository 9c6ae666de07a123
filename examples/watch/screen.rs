//! The live view.

use crate::program::Program;
use crate::view::View;
use larder::watch::Pressure;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyModifiers};
use std::io;
use std::time::{Duration, Instant};

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(250);

/// Shows the program until its user has seen enough. The terminal is as it was before, also after a panic.
pub(crate) fn show(program: &Program) -> io::Result<()> {
    ratatui::run(|terminal| watch(terminal, program))
}

fn watch(terminal: &mut DefaultTerminal, program: &Program) -> io::Result<()> {
    let mut view = View::new();
    let mut pressures = [Pressure::Low, Pressure::High, Pressure::Critical].into_iter().cycle();
    let mut next = Instant::now();
    loop {
        if next <= Instant::now() {
            view.look(program);
            next = Instant::now() + LOOK;
        }
        terminal.draw(|frame| view.draw(frame, program))?;
        // A change of the terminal's size is an event as well, after which all is drawn again.
        if !event::poll(next.saturating_duration_since(Instant::now()))? {
            continue;
        }
        let Event::Key(key) = event::read()? else { continue };
        if !key.is_press() {
            continue;
        }
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
            KeyCode::Char('c') if is_control(key) => return Ok(()),
            KeyCode::Char('c') => program.clean_up(),
            KeyCode::Char('p') => pressures.by_ref().take(1).for_each(|pressure| relieve(program, pressure)),
            KeyCode::Char(' ') => program.pause(!program.is_paused()),
            _ => {}
        }
    }
}

fn is_control(key: KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL)
}

fn relieve(program: &Program, pressure: Pressure) {
    let relief = program.memory().on_pressure(pressure);
    program.log().add(&format!(
        "pressure {pressure:?}: {} idle objects, {} entries, {} resources went",
        relief.objects, relief.entries, relief.resources
    ));
}
