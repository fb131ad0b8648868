/*
 * multi-endpoint: three channels on one device, which come and go.
 *
 *   control  takes commands as text and answers each with one message:
 *            "announce sensor"  creates the channel `sensor`
 *            "drop sensor"      destroys it
 *            "send N"           sends N readings on `sensor`
 *   sensor   sends "reading 1", "reading 2"...; any message to it is answered with the next one
 *   log      repeats every command and its answer, once a host is bound to it
 *
 * `sensor` is announced, destroyed and announced again at once when the host comes, so that a host
 * sees a channel go without doing anything for it.
 */
#include "remote.h"
#include "text.h"
#include "trace.h"

static struct rpmsg_endpoint control;
static struct rpmsg_endpoint sensor;
static struct rpmsg_endpoint log_channel;
static uint32_t readings;

/* ---- sensor ---- */

static enum rpmsg_result send_reading(uint32_t destination)
{
  char text[32];
  size_t length = 0;
  text_append(text, &length, "reading ");
  text_append_number(text, &length, readings + 1);
  enum rpmsg_result result = rpmsg_send_to(&sensor, destination, text, length);
  if (result == RPMSG_OK) {
    readings++;
  }
  return result;
}

static void on_sensor_message(struct rpmsg_endpoint *endpoint, const void *data, size_t length,
                              uint32_t source)
{
  (void)endpoint;
  (void)data;
  (void)length;
  if (send_reading(source) != RPMSG_OK) {
    trace_line("multi-endpoint: a reading could not be sent");
  }
}

static const char *announce_sensor(void)
{
  if (sensor.created) {
    return "error: sensor is there already";
  }
  if (rpmsg_create_endpoint(&sensor, "sensor", RPMSG_ADDR_ANY, on_sensor_message, NULL) !=
      RPMSG_OK) {
    return "error: sensor could not be announced";
  }
  trace_line("multi-endpoint: announced sensor at %u", sensor.address);
  return "ok";
}

static const char *drop_sensor(void)
{
  if (!sensor.created) {
    return "error: sensor is not there";
  }
  rpmsg_destroy_endpoint(&sensor);
  trace_line("multi-endpoint: dropped sensor");
  return "ok";
}

static const char *send_readings(uint32_t count)
{
  if (!rpmsg_is_bound(&sensor)) {
    return "error: sensor is not bound";
  }
  for (uint32_t i = 0; i < count; i++) {
    if (send_reading(sensor.destination) != RPMSG_OK) {
      return "error: sending failed";
    }
  }
  return "ok";
}

/* ---- log ---- */

/* The first message has bound the channel; there is nothing more to it. */
static void on_log_message(struct rpmsg_endpoint *endpoint, const void *data, size_t length,
                           uint32_t source)
{
  (void)endpoint;
  (void)data;
  (void)length;
  (void)source;
}

/* A log must not hold up the work: what finds no buffer is left out. */
static void log_text(const void *text, size_t length)
{
  if (rpmsg_is_bound(&log_channel) && rpmsg_try_send(&log_channel, text, length) != RPMSG_OK) {
    trace_line("multi-endpoint: a line of the log was left out");
  }
}

/* ---- control ---- */

static const char *obey(const void *data, size_t length)
{
  uint32_t count;
  if (text_is(data, length, "announce sensor")) {
    return announce_sensor();
  }
  if (text_is(data, length, "drop sensor")) {
    return drop_sensor();
  }
  if (text_is_with_number(data, length, "send", &count)) {
    return send_readings(count);
  }
  return "error: unknown command";
}

static void on_control_message(struct rpmsg_endpoint *endpoint, const void *data, size_t length,
                               uint32_t source)
{
  if (remote_take_shutdown_message(endpoint, data, length, source)) {
    return;
  }
  char answer[64];
  size_t answer_length = 0;
  log_text(data, length);
  text_append(answer, &answer_length, obey(data, length));
  log_text(answer, answer_length);
  if (rpmsg_send_to(endpoint, source, answer, answer_length) != RPMSG_OK) {
    trace_line("multi-endpoint: an answer could not be sent");
  }
}

static void on_link_up(void)
{
  rpmsg_create_endpoint(&control, "control", RPMSG_ADDR_ANY, on_control_message, NULL);
  rpmsg_create_endpoint(&log_channel, "log", RPMSG_ADDR_ANY, on_log_message, NULL);
  announce_sensor();
  drop_sensor();
  announce_sensor();
}

int main(void)
{
  static const struct remote_app app = {.name = "multi-endpoint", .on_link_up = on_link_up};
  remote_run(&app);
}
