// What a test does to the process that it is about to start: limits, another user, no reader.

#pragma once

#include "tests/support/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <optional>

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

// What `failing` exits with where the kernel has no filters of system calls.
constexpr int no_filters = 125;

// Each of these system calls fails with `error`; with an `offset_min`, those alone whose fourth
// argument, which is where a write in the middle of a file begins, is not below it.
inline ChildSetup
failing(const std::vector<long>& calls, int error, std::optional<std::uint32_t> offset_min = {})
{
    constexpr auto offset_at = static_cast<std::uint32_t>(offsetof(seccomp_data, args[3]));
    const auto fail = SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
    std::vector<sock_filter> code;
    for (const long call : calls) {
        const auto skip = static_cast<std::uint8_t>(offset_min ? 4 : 1);
        code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
        code.push_back(
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, skip));
        if (offset_min) { // its lower half, which little machines have first
            code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset_at));
            code.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, *offset_min, 1, 0));
            code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
        }
        code.push_back(BPF_STMT(BPF_RET | BPF_K, fail));
    }
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    return [code = std::move(code)]() mutable {
        const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
        if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
            ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
            ::_exit(no_filters);
    };
}

// Until `condition` holds; false when that takes more than a minute, or the process ends before.
template <class Condition>
bool wait_until(Process& process, Condition condition)
{
    constexpr int looks_max = 6000;
    for (int i = 0; i < looks_max; ++i) {
        if (condition())
            return true;
        if (process.wait_for(std::chrono::milliseconds(10)))
            return false;
    }
    return false;
}

// A pipe or socket that is full or has lost its reader, as a stream of the process.
class Pipe {
public:
    enum class Kind { pipe, socket };

    explicit Pipe(Kind kind = Kind::pipe)
    {
        ready_ =
            (kind == Kind::pipe ? ::pipe2(ends_, O_CLOEXEC)
                                : ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_)) == 0;
    }
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
