"""Programs that are not Python: (language code, is it right, source) rows for some families.

They sit between the Python programs, so that the index in a task id is one in the full list. The
codes are those of the published schema: 0 unknown, 2 C++, 4 Java; code 0 holds Ruby and Go here.
"""

UNKNOWN, CPP, JAVA = 0, 2, 4

_PAIRS_CPP = r"""#include <cstdio>
#include <vector>

int main() {
    int n;
    scanf("%d", &n);
    std::vector<long long> seen($K, 0);
    long long ans = 0;
    for (int i = 0; i < n; ++i) {
        long long x;
        scanf("%lld", &x);
        ans += seen[($K - x % $K) % $K];
        ++seen[x % $K];
    }
    printf("%lld\n", ans);
    return 0;
}
"""

_COUNTING_CPP = r"""#include <iostream>
using namespace std;

int main() {
    int n, last = 0;
    cin >> n;
    for (int i = 2; i <= n; i++) last = (last + $K) % i;
    cout << last + 1 << endl;
}
"""

_COUNTING_JAVA = r"""import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        int n = new Scanner(System.in).nextInt();
        List<Integer> ring = new ArrayList<>();
        for (int i = 1; i <= n; i++) ring.add(i);
        int at = 0;
        while (ring.size() > 1) {
            at = (at + $K - 1) % ring.size();
            ring.remove(at);
        }
        System.out.println(ring.get(0));
    }
}
"""

_COUNTING_RUBY = r"""n = gets.to_i
puts (2..n).inject(0) { |last, i| (last + $K) % i } + 1
"""

_COINS_CPP = r"""#include <bits/stdc++.h>
using namespace std;

int main() {
    int n;
    cin >> n;
    vector<int> best(n + 1, INT_MAX - 1);
    best[0] = 0;
    for (int i = 1; i <= n; i++)
        for (int coin : {$COINS})
            if (coin <= i) best[i] = min(best[i], best[i - coin] + 1);
    cout << best[n] << "\n";
}
"""

_COINS_GREEDY_CPP = r"""#include <bits/stdc++.h>
using namespace std;

int main() {
    int n, ans = 0;
    cin >> n;
    vector<int> coins = {$COINS};
    for (int i = (int)coins.size() - 1; i >= 0; i--) {
        ans += n / coins[i];
        n %= coins[i];
    }
    cout << ans << "\n";
}
"""

_CIPHER_CPP = r"""#include <iostream>
#include <string>

int main() {
    std::string s;
    std::cin >> s;
    for (size_t i = 0; i < s.size(); i++)
        s[i] = char('a' + (s[i] - 'a' + $K * (long long)(i + 1)) % 26);
    std::cout << s << std::endl;
}
"""

_CIPHER_JAVA = r"""import java.util.Scanner;

class Cipher {
    public static void main(String[] args) {
        char[] s = new Scanner(System.in).next().toCharArray();
        for (int i = 0; i < s.length; i++) {
            s[i] = (char) ('a' + (s[i] - 'a' + $K * (i + 1)) % 26);
        }
        System.out.println(new String(s));
    }
}
"""

_DESKS_CPP = r"""#include <bits/stdc++.h>
using namespace std;

int main() {
    int n;
    cin >> n;
    priority_queue<int, vector<int>, greater<int>> desks;
    for (int i = 0; i < $K; i++) desks.push(0);
    int last = 0;
    while (n--) {
        int x;
        cin >> x;
        x += desks.top();
        desks.pop();
        desks.push(x);
        last = max(last, x);
    }
    cout << last << endl;
}
"""

_DESKS_GO = r"""package main

import "fmt"

func main() {
    var n, x, last int
    fmt.Scan(&n)
    free := make([]int, $K)
    for i := 0; i < n; i++ {
        fmt.Scan(&x)
        free[i%$K] += x
        if free[i%$K] > last {
            last = free[i%$K]
        }
    }
    fmt.Println(last)
}
"""

_TOWERS_CPP = r"""#include <bits/stdc++.h>
using namespace std;

int main() {
    int n;
    cin >> n;
    vector<int> a(n), best(n, 1);
    for (int i = 0; i < n; i++) {
        cin >> a[i];
        for (int j = 0; j < i; j++)
            if (a[j] + $K <= a[i]) best[i] = max(best[i], best[j] + 1);
    }
    cout << *max_element(best.begin(), best.end()) << endl;
}
"""

DIVISIBLE_PAIRS = ((CPP, True, _PAIRS_CPP),)
COUNTING_OUT = (
    (CPP, True, _COUNTING_CPP),
    (JAVA, True, _COUNTING_JAVA),
    (UNKNOWN, True, _COUNTING_RUBY),
    (CPP, False, _COUNTING_CPP.replace("last + 1 <<", "last <<")),
    (JAVA, False, _COUNTING_JAVA.replace("at + $K - 1", "at + $K")),
)
FEWEST_COINS = ((CPP, True, _COINS_CPP), (CPP, False, _COINS_GREEDY_CPP))
POSITION_CIPHER = (
    (CPP, True, _CIPHER_CPP),
    (JAVA, True, _CIPHER_JAVA),
    (CPP, False, _CIPHER_CPP.replace("(i + 1)", "i")),
)
DESKS = (
    (CPP, True, _DESKS_CPP),
    (UNKNOWN, False, _DESKS_GO),
)
TOWERS = (
    (CPP, True, _TOWERS_CPP),
    (CPP, False, _TOWERS_CPP.replace("a[j] + $K <= a[i]", "a[j] <= a[i]")),
)
