#include "reconciler/cli/console.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <iostream>

namespace trueup {

namespace {

// A pipe that can be written to takes this much without making the writer wait.
constexpr std::size_t piece_max = PIPE_BUF;

// Whether stderr can be written to without waiting for its reader, now or within `patience`.
bool takes_more(Duration patience)
{
    pollfd error_output{STDERR_FILENO, POLLOUT, 0};
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(patience);
    int ready = -1;
    do
        ready = ::poll(&error_output, 1, static_cast<int>(wait.count()));
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

} // namespace

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

bool print_error(std::string_view text, Duration patience)
{
    while (!text.empty()) {
        if (!takes_more(patience))
            return false;
        const ssize_t count = ::write(STDERR_FILENO, text.data(), std::min(text.size(), piece_max));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
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
