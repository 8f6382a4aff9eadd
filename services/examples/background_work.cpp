// Background work: what goes on beside requests. It is logged when it fails and begins again, and
// it ends with the service.
//
//   $ background_work --port 8000
//
//   $ curl -s http://127.0.0.1:8000/rate
//   {"dollars_per_euro":1.1,"is_fresh":true}
//   $ curl -s -d 'ada@example.com' http://127.0.0.1:8000/mails
//   {"queued":1}
//   $ sleep 0.3; curl -s http://127.0.0.1:8000/mails
//   {"queued":0,"sent":1}
#include <ferrule/ferrule.hpp>

#include <deque>
#include <mutex>
using namespace ferrule;

struct rates {  // each reactor's own
  double dollars_per_euro = 1;
  bool is_fresh = false;
};
task<> refresh(rates& kept) {
  co_await sleep(1ms);  // a call of another service, say
  kept = {.dollars_per_euro = 1.1, .is_fresh = true};
}

class outbox {  // of the process, so that one mail is sent by one reactor
 public:
  static constexpr bool thread_safe = true;
  std::size_t put(std::string mail) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(mail));
    return waiting_.size();
  }
  std::optional<std::string> take() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return std::nullopt;
    std::string mail = std::move(waiting_.front());
    waiting_.pop_front();
    ++sent_;
    return mail;
  }
  std::pair<std::size_t, std::size_t> counts() const {
    const std::lock_guard lock(mutex_);
    return {waiting_.size(), sent_};
  }

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> waiting_;
  std::size_t sent_ = 0;
};

task<> send_mails(outbox& queue) {
  while (const auto mail = queue.take()) {
    co_await sleep(10ms);  // a mail server, say
    log(log_level::info, "sent to " + *mail);
  }
}

struct queued {
  std::size_t queued = 0;
};
struct mail_counts {
  std::size_t queued = 0, sent = 0;
};
queued post_mail(body sent, outbox& queue) { return {queue.put(std::string(*sent))}; }
mail_counts show_mails(const outbox& queue) {
  const auto [waiting, sent] = queue.counts();
  return {waiting, sent};
}

constexpr auto routes =
    route_table(route<"GET /rate">([](const rates& now) { return now; }),
                route<"POST /mails">(post_mail), route<"GET /mails">(show_mails));

int main(int argc, char** argv) {
  outbox mails;
  return serve<routes>({.port = 8000}, argc, argv, per_reactor([] { return rates{}; }),
                       shared(mails), background_per_reactor("refresh rates", every(30s), refresh),
                       background("send mails", every(100ms), send_mails));
}
