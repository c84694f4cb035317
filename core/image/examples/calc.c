/*
 * A calculator: reads one expression a line and prints its value; + - * / % ( ), numbers, and `_` for the last value.
 * Ends at the end of input or at "quit".
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *at;
static const char *problem;
static double last;

static double sum(void);

static void skip_space(void) {
  while (isspace((unsigned char)*at)) at++;
}

/* Decimal number; written out because scanf and strtod are most of a small static program. */
static double number(void) {
  double value = 0, scale = 1;
  while (isdigit((unsigned char)*at)) value = value * 10 + (*at++ - '0');
  if (*at == '.') {
    for (at++; isdigit((unsigned char)*at); at++) value += (*at - '0') * (scale /= 10);
  }
  return value;
}

static double factor(void) {
  skip_space();
  if (*at == '-') {
    at++;
    return -factor();
  }
  if (*at == '_') {
    at++;
    return last;
  }
  if (*at == '(') {
    at++;
    double value = sum();
    skip_space();
    if (*at == ')') at++;
    else problem = "a closing parenthesis is missing";
    return value;
  }
  if (isdigit((unsigned char)*at) || *at == '.') return number();
  if (!problem) problem = *at ? "a number is expected" : "the expression ends too early";
  return 0;
}

static double product(void) {
  double value = factor();
  for (;;) {
    skip_space();
    char operation = *at;
    if (operation != '*' && operation != '/' && operation != '%') return value;
    at++;
    double right = factor();
    if (operation == '*') value *= right;
    else if (right == 0) problem = "division by zero";
    else value = operation == '/' ? value / right : fmod(value, right);
  }
}

static double sum(void) {
  double value = product();
  for (;;) {
    skip_space();
    if (*at == '+') at++, value += product();
    else if (*at == '-') at++, value -= product();
    else return value;
  }
}

int main(void) {
  char line[1024];
  int is_terminal = isatty(0);
  if (is_terminal) printf("Type an expression such as (1 + 2) * 3; _ is the last value, quit ends.\n");
  for (;;) {
    if (is_terminal) printf("> "), fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) break;
    if (!strcmp(line, "quit\n")) return 0;
    at = line;
    problem = NULL;
    skip_space();
    if (!*at) continue;
    double value = sum();
    skip_space();
    if (*at && !problem) problem = "there is something left over";
    if (problem) printf("%*s^ %s\n", (int)(at - line) + (is_terminal ? 2 : 0), "", problem);
    else printf("%.15g\n", last = value);
  }
  if (is_terminal) printf("\n");
  return 0;
}
