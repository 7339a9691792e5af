// A stack of its own for the crash handler, so that a stack overflow is reported as well.
#ifndef CLINUX_ALTERNATE_STACK_H
#define CLINUX_ALTERNATE_STACK_H

/// Gives this thread such a stack; NULL where there is no memory for one.
void *clinux_alternate_stack_install(void);
void clinux_alternate_stack_remove(void *stack);

#endif
