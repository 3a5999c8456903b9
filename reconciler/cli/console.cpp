#include "reconciler/cli/console.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace trueup {

bool stdout_is_terminal()
{
    return isatty(STDOUT_FILENO) != 0;
}

bool stderr_is_terminal()
{
    return isatty(STDERR_FILENO) != 0;
}

bool stdin_is_terminal()
{
    return isatty(STDIN_FILENO) != 0;
}

Colour colour_of(const Settings& settings)
{
    const char* none = std::getenv("NO_COLOR"); // read once, on the only thread
    const bool off = settings.no_color || (none != nullptr && *none != '\0');
    return stdout_is_terminal() && !off ? Colour::on : Colour::off;
}

void print(std::string_view text)
{
    std::cout << text << std::flush;
}

void print_error(std::string_view text)
{
    std::cerr << text << std::flush;
}

void print_error(const Error& error)
{
    std::cerr << "trueup: error: " << error.text() << "\n" << std::flush;
}

void print_diagnostics(const Diagnostics& diagnostics)
{
    for (const Diagnostic& diagnostic : diagnostics.all())
        std::cerr << diagnostic.text() << "\n";
    std::cerr << std::flush;
}

int exit_code_of(const Error& error)
{
    return error.code == Errc::refused ? 3 : 1;
}

} // namespace trueup
