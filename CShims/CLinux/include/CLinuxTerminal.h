// A terminal taken over for as long as a program draws its whole window.
#ifndef CLINUX_TERMINAL_H
#define CLINUX_TERMINAL_H

/// Gives every key at once and unechoed, and shows the terminal's other screen without a cursor. It is
/// undone by clinux_terminal_end, and where the program ends otherwise: by exit(3) or by a fault.
long clinux_terminal_begin(int descriptor);
/// Gives the terminal back as it was; nothing where it was not taken. May be called in a signal handler.
void clinux_terminal_end(void);

#endif
