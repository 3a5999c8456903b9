// The binary.

#include "reconciler/cli/commands.hpp"

#include <boost/system/system_error.hpp>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <new>
#include <system_error>

namespace {

// A standard stream that was closed by whoever started us would give its number to the next thing
// that is opened, and what is said on it would end up there.
void open_closed_streams()
{
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(stream, F_GETFD) < 0) {
            const int lowest_free = ::open("/dev/null", O_RDWR); // which is this stream's
            static_cast<void>(lowest_free);
        }
}

void print_refusal(const char* what)
{
    std::cerr << "trueup: error: the system refused what trueup needs: " << what
              << " (raise the limits of the process: ulimit -a shows them)\n";
}

} // namespace

int main(int argc, char** argv)
{
    open_closed_streams();
    // Secrets are in memory: no core file may hold them, and no other process of the user may look.
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_DUMPABLE, 0);
    // A peer that hangs up is an error of one write, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    // Likewise a file that has reached the size that it may have.
    std::signal(SIGXFSZ, SIG_IGN);
    try {
        return trueup::run_command_line(argc, argv);
    } catch (const std::bad_alloc&) {
        std::cerr << "trueup: error: there is no memory left (the next apply finds out what was "
                     "under way)\n";
    } catch (const std::system_error& refusal) {
        print_refusal(refusal.what());
    } catch (const boost::system::system_error& refusal) {
        print_refusal(refusal.what());
    } catch (const std::exception& bug) {
        std::cerr << "trueup: this is a bug: " << bug.what() << "\n";
    }
    return 1;
}
