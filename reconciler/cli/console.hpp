// Where answers and messages go: answers to stdout, everything else to stderr.

#pragma once

#include "reconciler/cli/settings.hpp"
#include "reconciler/plan/render.hpp"
#include "state/model/clock.hpp"
#include "state/model/diagnostic.hpp"

#include <memory>
#include <string_view>

namespace trueup {

bool stdout_is_terminal();
bool stderr_is_terminal();
bool stdin_is_terminal();

// Colour on stdout: a terminal, and neither --no-color nor NO_COLOR.
Colour colour_of(const Settings& settings);

void print(std::string_view text);
// On stderr, for what is said while something runs: whoever reads stderr may stop reading, and must
// not stop trueup by that. Waits for the reader at most `patience`; false when the text was
// dropped.
bool print_error(std::string_view text, Duration patience = std::chrono::seconds(2));
// "trueup: error: ..." with place and advice, on stderr.
void print_error(const Error& error);
void print_diagnostics(const Diagnostics& diagnostics);

// The exit code that stands for an error: 3 for a refusal by a guard, else 1.
int exit_code_of(const Error& error);

} // namespace trueup
