/* Lists, matrices, a state machine and a check sum over what they come to: what firmware does. */
#include "work.h"

static uint16_t crc16(uint16_t crc, uint32_t value, int bits) {
  for (int i = 0; i < bits; i++) {
    uint32_t bit = (crc ^ value) & 1;
    crc = (uint16_t)(crc >> 1);
    if (bit) crc ^= 0xa001;
    value >>= 1;
  }
  return crc;
}

/* ---- a list: sorted by key, searched, turned round */

#define NODES 96

struct node {
  struct node *next;
  int16_t key;
  uint16_t value;
};

static struct node nodes[NODES];

static struct node *build(void) {
  uint32_t seed = 0x2545f491;
  for (int i = 0; i < NODES; i++) {
    seed = seed * 1664525 + 1013904223;
    nodes[i].key = (int16_t)(seed >> 16);
    nodes[i].value = (uint16_t)seed;
    nodes[i].next = i + 1 < NODES ? &nodes[i + 1] : 0;
  }
  return nodes;
}

static struct node *reverse(struct node *list) {
  struct node *done = 0;
  while (list != 0) {
    struct node *next = list->next;
    list->next = done;
    done = list;
    list = next;
  }
  return done;
}

static int by_key(const struct node *a, const struct node *b) { return a->key - b->key; }

static int by_value(const struct node *a, const struct node *b) {
  return (a->value & 0xff) - (b->value & 0xff);
}

typedef int (*comparison)(const struct node *, const struct node *);

static struct node *merge(struct node *a, struct node *b, comparison compare) {
  struct node *first = 0;
  struct node **end = &first;
  while (a != 0 && b != 0) {
    struct node **smaller = compare(a, b) <= 0 ? &a : &b;
    *end = *smaller;
    end = &(*smaller)->next;
    *smaller = *end;
  }
  *end = a != 0 ? a : b;
  return first;
}

static struct node *sort(struct node *list, int length, comparison compare) {
  if (length < 2) return list;
  struct node *middle = list;
  for (int i = 1; i < length / 2; i++) middle = middle->next;
  struct node *rest = middle->next;
  middle->next = 0;
  return merge(sort(list, length / 2, compare), sort(rest, length - length / 2, compare), compare);
}

static uint16_t lists(uint16_t crc) {
  struct node *list = build();
  for (int16_t wanted = -30000; wanted < 30000; wanted = (int16_t)(wanted + 6000)) {
    int steps = 0;
    for (struct node *at = list; at != 0 && at->key < wanted; at = at->next) steps++;
    crc = crc16(crc, (uint32_t)steps, 8);
  }
  list = sort(list, NODES, by_key);
  crc = crc16(crc, list->value, 16);
  list = sort(reverse(list), NODES, by_value);
  for (struct node *at = list; at != 0; at = at->next) crc = crc16(crc, (uint16_t)at->key, 16);
  return crc;
}

/* ---- matrices of 16-bit numbers */

#define SIDE 10

static int16_t left[SIDE][SIDE];
static int16_t right[SIDE][SIDE];
static int32_t product[SIDE][SIDE];

static uint16_t matrices(uint16_t crc) {
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      left[i][j] = (int16_t)(i * 7 + j * 3 + crc % 13);
      right[i][j] = (int16_t)((i ^ j) * 5 - 11);
    }
  }
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      int32_t sum = 0;
      for (int k = 0; k < SIDE; k++) sum += left[i][k] * right[k][j];
      product[i][j] = sum;
    }
  }
  for (int i = 0; i < SIDE; i++) {
    int32_t sum = 0;
    for (int j = 0; j < SIDE; j++) {
      int32_t field = (product[i][j] >> 2) & 0x7f;
      int32_t other = (product[j][i] >> 5) & 0x1f;
      sum += field * other;
    }
    crc = crc16(crc, (uint32_t)sum, 16);
  }
  return crc;
}

/* ---- a state machine that sorts words of a text by what they look like */

enum state { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, POWER, NAME, INVALID, STATES };

static const char text[] =
    "12,-7,+0.5,3.25e8,abc,9x,-,1e-4,name_7,0000,.5,7.,x,-12.75,55555,1.2.3,+e,42,foo,1e,8e2,";

static int is_digit(char c) { return c >= '0' && c <= '9'; }

static int is_letter(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

static enum state step(enum state state, char c) {
  switch (state) {
    case START:
      if (is_digit(c)) return INTEGER;
      if (c == '+' || c == '-') return SIGN;
      if (c == '.') return POINT;
      return is_letter(c) ? NAME : INVALID;
    case SIGN:
      if (is_digit(c)) return INTEGER;
      return c == '.' ? POINT : INVALID;
    case INTEGER:
      if (is_digit(c)) return INTEGER;
      if (c == '.') return POINT;
      return c == 'e' ? EXPONENT : INVALID;
    case POINT:
    case FRACTION:
      if (is_digit(c)) return FRACTION;
      return c == 'e' && state == FRACTION ? EXPONENT : INVALID;
    case EXPONENT:
      return is_digit(c) || c == '-' ? POWER : INVALID;
    case POWER:
      return is_digit(c) ? POWER : INVALID;
    case NAME:
      return is_letter(c) || is_digit(c) ? NAME : INVALID;
    default:
      return INVALID;
  }
}

static uint32_t ended[STATES];
static uint32_t passed[STATES];

static uint16_t words(uint16_t crc) {
  enum state state = START;
  for (int i = 0; i < STATES; i++) ended[i] = passed[i] = 0;
  for (const char *at = text; *at != 0; at++) {
    if (*at == ',') {
      ended[state]++;
      state = START;
    } else {
      state = step(state, *at);
      passed[state]++;
    }
  }
  for (int i = 0; i < STATES; i++) crc = crc16(crc, ended[i] * 256 + passed[i], 16);
  return crc;
}

uint32_t mixed_round(void) { return words(matrices(lists(words(0xffff)))); }
