// What a test does to the process that it is about to start: limits, another user, no reader.

#pragma once

#include "tests/support/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <unistd.h>

namespace trueup::test {

constexpr uid_t nobody = 65534;

inline bool is_root()
{
    return ::geteuid() == 0;
}

inline ChildSetup limited(__rlimit_resource resource, rlim_t most)
{
    return [resource, most] {
        const rlimit limit{most, most};
        ::setrlimit(resource, &limit);
    };
}

// As a user without rights, where we are root; otherwise as ourselves.
inline void become_nobody()
{
    if (!is_root())
        return;
    if (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0)
        ::_exit(126);
}

// A pipe that is full or has lost its reader, as a stream of the process.
class Pipe {
public:
    Pipe() { ready_ = ::pipe2(ends_, O_CLOEXEC) == 0; }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe()
    {
        close_reader();
        if (ready_)
            ::close(ends_[1]);
    }

    void close_reader()
    {
        if (ready_ && ends_[0] >= 0)
            ::close(ends_[0]);
        ends_[0] = -1;
    }
    // Writes until it takes no more.
    void fill() const
    {
        ::fcntl(ends_[1], F_SETFL, O_NONBLOCK);
        const std::string block(4096, '.');
        while (::write(ends_[1], block.data(), block.size()) > 0)
            continue;
        ::fcntl(ends_[1], F_SETFL, 0);
    }
    // What is in it now.
    std::string drain() const
    {
        ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
        std::string text;
        char block[4096];
        for (ssize_t count = 0; (count = ::read(ends_[0], block, sizeof block)) > 0;)
            text.append(block, static_cast<std::size_t>(count));
        return text;
    }
    ChildSetup as(int stream) const
    {
        return [this, stream] { ::dup2(ends_[1], stream); };
    }

private:
    int ends_[2] = {-1, -1};
    bool ready_ = false;
};

} // namespace trueup::test
