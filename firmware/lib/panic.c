#include "finisher.h"
#include "trace.h"
#include "trap.h"

void panic(const char *reason, uint32_t code)
{
  trace_line("panic: %s", reason);
  finisher_fail(code);
}
