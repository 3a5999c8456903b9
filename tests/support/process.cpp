#include "tests/support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace trueup::test {

namespace {

int memory_file(const char* name)
{
    const int fd = memfd_create(name, 0);
    if (fd < 0)
        throw std::runtime_error("memfd_create failed");
    return fd;
}

std::string content_of(int fd)
{
    std::string text;
    char buffer[4096];
    off_t offset = 0;
    while (true) {
        const ssize_t n = pread(fd, buffer, sizeof buffer, offset);
        if (n <= 0)
            return text;
        text.append(buffer, static_cast<std::size_t>(n));
        offset += n;
    }
}

} // namespace

Process::Process(const std::vector<std::string>& command,
                 const std::map<std::string, std::string>& environment,
                 const std::string& input,
                 const ChildSetup& setup)
    : out_(memory_file("out")), err_(memory_file("err"))
{
    const int in = memory_file("in");
    if (write(in, input.data(), input.size()) < 0)
        throw std::runtime_error("writing the input failed");
    lseek(in, 0, SEEK_SET);
    std::vector<char*> arguments;
    for (const std::string& argument : command)
        arguments.push_back(const_cast<char*>(argument.c_str())); // execvp does not write to them
    arguments.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
        for (const auto& [name, value] : environment) {
            if (value.empty())
                unsetenv(name.c_str());
            else
                setenv(name.c_str(), value.c_str(), 1);
        }
        dup2(in, STDIN_FILENO);
        dup2(out_, STDOUT_FILENO);
        dup2(err_, STDERR_FILENO);
        if (setup)
            setup();
        // Ends of connections of the test's own servers would otherwise stay open in it.
        close_range(STDERR_FILENO + 1, ~0U, 0);
        execvp(arguments[0], arguments.data());
        _exit(127);
    }
    close(in);
}

Process::~Process()
{
    if (!waited_) {
        kill_now();
        waitpid(pid_, nullptr, 0);
    }
    close(out_);
    close(err_);
}

void Process::kill_now() const
{
    kill(pid_, SIGKILL);
}

Finished Process::wait()
{
    int status = 0;
    waitpid(pid_, &status, 0);
    waited_ = true;
    Finished finished;
    finished.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    finished.out = content_of(out_);
    finished.err = content_of(err_);
    return finished;
}

std::optional<Finished> Process::wait_for(std::chrono::microseconds limit)
{
    const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    if (fd < 0)
        throw std::runtime_error("pidfd_open failed");
    pollfd ended{fd, POLLIN, 0};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit);
    const timespec timeout{seconds.count(), std::chrono::nanoseconds(limit - seconds).count()};
    const int ready = ppoll(&ended, 1, &timeout, nullptr);
    close(fd);
    if (ready <= 0)
        return std::nullopt;
    return wait();
}

std::string Process::out() const
{
    return content_of(out_);
}

std::string Process::err() const
{
    return content_of(err_);
}

Finished run_process(const std::vector<std::string>& command,
                     const std::map<std::string, std::string>& environment,
                     const std::string& input,
                     const ChildSetup& setup)
{
    Process process(command, environment, input, setup);
    return process.wait();
}

} // namespace trueup::test
