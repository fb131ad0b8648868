/*
 * rpc: works with the host's files and console, as OpenAMP's rpc_demo does: writes a file and reads it
 * back, asks for a name on the console and greets it, and ends the session.
 */
#include "proxy.h"
#include "remote.h"
#include "string.h"
#include "text.h"
#include "trace.h"

#define FILE_NAME "remote.file"
#define FILE_MODE 0644u

static bool told;

/* Prints what a call has returned, which may be an error. */
static void print_result(const char *what, int result)
{
  char line[128];
  size_t length = 0;
  text_append(line, &length, what);
  text_append(line, &length, result < 0 ? ": refused with error " : ": ");
  text_append_number(line, &length, (uint32_t)(result < 0 ? -result : result));
  text_append(line, &length, "\n");
  line[length] = '\0';
  proxy_print(line);
}

static void write_file(void)
{
  static const char text[] = "This was written by the remote.\n";
  int file = proxy_open(FILE_NAME, PROXY_O_CREAT | PROXY_O_TRUNC | PROXY_O_WRONLY, FILE_MODE);
  print_result("opened " FILE_NAME " to write, descriptor", file);
  if (file < 0) {
    return;
  }
  print_result("bytes written", proxy_write(file, text, sizeof text - 1));
  print_result("closed", proxy_close(file));
}

static void read_file(void)
{
  char text[64];
  int file = proxy_open(FILE_NAME, PROXY_O_RDONLY, 0);
  print_result("opened " FILE_NAME " to read, descriptor", file);
  if (file < 0) {
    return;
  }
  int count;
  while ((count = proxy_read(file, text, sizeof text)) > 0) {
    proxy_write(PROXY_STDOUT, text, (size_t)count);
  }
  print_result("closed", proxy_close(file));
}

/* What the host does not serve it refuses. */
static void look_outside(void)
{
  print_result("opened ../secret", proxy_open("../secret", PROXY_O_RDONLY, 0));
}

static void greet(void)
{
  char line[100];
  static const char hello[] = "Hello, ";
  size_t length = 0;
  proxy_print("What is your name?\n");
  text_append(line, &length, hello);
  int count = proxy_read(PROXY_STDIN, line + length, sizeof line - length);
  if (count <= 0) {
    print_result("read from the console", count);
    return;
  }
  proxy_write(PROXY_STDOUT, line, length + (size_t)count);
}

static void on_link_up(void)
{
  told = false;
  if (proxy_start("rpmsg-openamp-demo-channel") != RPMSG_OK) {
    trace_line("rpc: the channel could not be announced");
  }
}

/* Calls wait for their answers, so they are made here and not in a message's callback. */
static void on_wake(void)
{
  if (told || !proxy_is_ready()) {
    return;
  }
  told = true;
  trace_line("rpc: the host serves us");
  write_file();
  read_file();
  look_outside();
  greet();
  proxy_stop();
  trace_line("rpc: done");
  remote_stop();
}

int main(void)
{
  static const struct remote_app app = {
      .name = "rpc", .on_link_up = on_link_up, .on_wake = on_wake};
  remote_run(&app);
}
