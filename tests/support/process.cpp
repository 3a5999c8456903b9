#include "tests/support/process.hpp"

#include <fcntl.h>
#include <sys/mman.h>
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
                 const std::string& input)
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

Finished run_process(const std::vector<std::string>& command,
                     const std::map<std::string, std::string>& environment,
                     const std::string& input)
{
    Process process(command, environment, input);
    return process.wait();
}

} // namespace trueup::test
