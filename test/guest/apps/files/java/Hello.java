/** Strings, collections, threads, big numbers and standard streams. */
import java.math.BigInteger;
import java.util.*;

public class Hello {
  public static void main(String[] args) throws Exception {
    System.out.println("args " + Arrays.toString(args));
    System.out.println(BigInteger.TWO.pow(200));
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i < 1000; i++) counts.merge("k" + i % 7, i, Integer::sum);
    System.out.println(counts);
    int[] total = new int[1];
    Thread[] threads = new Thread[4];
    for (int t = 0; t < 4; t++) {
      threads[t] = new Thread(() -> { synchronized (total) { total[0] += 10; } });
      threads[t].start();
    }
    for (Thread thread : threads) thread.join();
    System.out.println("threads " + total[0]);
    System.out.println("read " + new Scanner(System.in).nextLine());
    try { Object o = null; o.toString(); } catch (NullPointerException e) { System.out.println("caught"); }
    System.exit(3);
  }
}
